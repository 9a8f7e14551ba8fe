// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs without their counters and without what is told of packets: what deciding alone costs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "account.h"
#include "notice.h"
#include "parse.h"

#define account(pkt)			    ((void)(pkt))
#define count_opened(row)		    ((void)(row))
#define notice(pkt, family, verdict)	    (verdict)
#define notice_again(pkt, family, kind, of) ((void)(pkt))

#include "weir.bpf.c"
