/* SPDX-License-Identifier: BSD-2-Clause */
extern int mtls_placeholder_settings;
