sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
systemd_edited = systemd/pam-mtls-helper.socket \
	systemd/pam-mtls-helper@.service systemd/tmpfiles.d/pam_mtls.conf \
	systemd/mtls-verifier.service systemd/tmpfiles.d/mtls-verifier.conf
systemdunit_DATA = systemd/pam-mtls-helper.socket \
	systemd/pam-mtls-helper@.service systemd/mtls-verifier.service
dist_sysusers_DATA = systemd/sysusers.d/pam_mtls.conf \
	systemd/sysusers.d/mtls-verifier.conf
tmpfiles_DATA = systemd/tmpfiles.d/pam_mtls.conf \
	systemd/tmpfiles.d/mtls-verifier.conf

CLEANFILES += $(systemd_edited)
EXTRA_DIST += systemd/pam-mtls-helper.socket.in \
	systemd/pam-mtls-helper@.service.in \
	systemd/tmpfiles.d/pam_mtls.conf.in \
	systemd/mtls-verifier.service.in \
	systemd/tmpfiles.d/mtls-verifier.conf.in

# Directories in units are those of configure; the rule finds X.in for X.
$(systemd_edited): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) \
	    -e 's,[@]rundir[@],$(rundir),g' \
	    -e 's,[@]sbindir[@],$(sbindir),g' \
	    -e 's,[@]sysconfdir[@],$(sysconfdir),g' \
	    -e 's,[@]localstatedir[@],$(localstatedir),g' \
	    -e 's,[@]pkglibexecdir[@],$(pkglibexecdir),g' \
	    $(service_edit) \
	    $(srcdir)/$@.in >$@
systemd/pam-mtls-helper.socket: $(srcdir)/systemd/pam-mtls-helper.socket.in
systemd/pam-mtls-helper@.service: $(srcdir)/systemd/pam-mtls-helper@.service.in
systemd/tmpfiles.d/pam_mtls.conf: $(srcdir)/systemd/tmpfiles.d/pam_mtls.conf.in
systemd/mtls-verifier.service: $(srcdir)/systemd/mtls-verifier.service.in
systemd/tmpfiles.d/mtls-verifier.conf: $(srcdir)/systemd/tmpfiles.d/mtls-verifier.conf.in
