/* SPDX-License-Identifier: BSD-2-Clause */
/* What Kubernetes lets things be called. Each check gives NULL, or what the text should have been ("must be ..."). */
#ifndef WEIR_OBJECT_NAMES_H
#define WEIR_OBJECT_NAMES_H

const char *name_check_label(const char *text);	      /* RFC 1123 label: a namespace, a rule */
const char *name_check_subdomain(const char *text);   /* RFC 1123 subdomain: most objects */
const char *name_check_label_key(const char *text);   /* "app", "example.com/app"; annotations too */
const char *name_check_label_value(const char *text); /* may be empty */
const char *name_check_port(const char *text);	      /* IANA service name (RFC 6335) */
const char *name_check_text(const char *text);	      /* anything for people to read, at most 100 characters */
const char *name_check_interface(const char *text);   /* a network interface of Linux */

#endif
