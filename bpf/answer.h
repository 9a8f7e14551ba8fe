/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef WEIR_BPF_ANSWER_H
#define WEIR_BPF_ANSWER_H
#include "limit.h"
static __always_inline bool is_answer(const struct __sk_buff *skb)
{
	return false;
}
static __always_inline int answer(const struct packet *pkt)
{
	return TC_ACT_SHOT;
}
#endif
