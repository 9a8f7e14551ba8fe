/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the API server for one kind of object, again and again: when, by which connection, and as whom. */
#ifndef WEIR_SOURCE_KUBE_CONVERSATION_H
#define WEIR_SOURCE_KUBE_CONVERSATION_H

#include "base/transfers.h"
#include "source/kube_config.h"
#include "source/kube_reflector.h"

struct kube_conversation_setup {
	struct kube_config *config; /* borrowed */
	enum object_kind kind;
	void (*changed)(void *data); /* objects, or what is wrong, are others now */
	void *data;
};

struct kube_conversation {
	struct kube_conversation_setup setup;
	struct kube_reflector reflector;
	struct transfers *transfers;
	CURL *easy;
	struct curl_slist *headers;
	uv_timer_t pause;
	uint64_t begun; /* ms of the loop */
	bool watched;	/* the request under way, or the last one */
	char why[CURL_ERROR_SIZE];
};

int kube_conversation_init(struct kube_conversation *conversation, const struct kube_conversation_setup *setup,
			   struct error *error);
void kube_conversation_start(struct kube_conversation *conversation, uv_loop_t *loop, struct transfers *transfers);
void kube_conversation_stop(struct kube_conversation *conversation); /* what was read stays */
void kube_conversation_free(struct kube_conversation *conversation); /* what it holds */

#endif
