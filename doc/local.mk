dist_man_MANS += doc/mtls-helper.8 doc/pam_mtls.conf.5
