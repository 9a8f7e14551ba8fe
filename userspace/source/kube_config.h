/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the Kubernetes API is and who asks: from a kubeconfig file, or from inside a pod. */
#ifndef WEIR_SOURCE_KUBE_CONFIG_H
#define WEIR_SOURCE_KUBE_CONFIG_H

#include <stdbool.h>

#include "base/error.h"

struct kube_config {
	char *server;	  /* "https://10.0.0.1:6443", without a slash at its end */
	char *ca;	  /* PEM; NULL: the system's authorities */
	bool insecure;	  /* any certificate will do */
	char *cert, *key; /* of the client, PEM; NULL: none */
	char *token;	  /* or NULL */
	char *token_file; /* or NULL; what it holds changes, so it is read for each request */
	char *proxy;	  /* or NULL */
};

/*
 * Reads a kubeconfig's current context. What it refers to (certificates, keys)
 * is read at once. -EINVAL with "FILE:LINE:COL: path: what is wrong"; ways to
 * authenticate that need another program are refused.
 */
int kube_config_read(const char *path, struct kube_config *ret, struct error *error);
/*
 * What Kubernetes gives to a pod: the server in the environment, the service
 * account's token and authority under directory (NULL: where Kubernetes puts it).
 */
int kube_config_in_cluster(const char *directory, struct kube_config *ret, struct error *error);
void kube_config_free(struct kube_config *config); /* what it holds */

#endif
