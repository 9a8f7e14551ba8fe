// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each live frame of a test run leaves by an interface, from one address and port
 * after another. Its pages come round again, with all that routers
 * have made of them, so the headers are written anew.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define HEADERS	  48 /* Ethernet, IPv4, UDP, and what is behind them */
#define CHECK_AT  24
#define SOURCE_AT 26
#define PORT_AT	  34

const volatile __u32 leaves_by = 0;
const volatile __u32 sources = 1, ports = 1;
const volatile __u32 header_sum = 0; /* of the IP header without the source, folded */
const volatile __u64 headers[HEADERS / 8] = {};

__u32 sent = 0;

SEC("xdp")
int next_frame(struct xdp_md *xdp)
{
	void *data = (void *)(long)xdp->data, *end = (void *)(long)xdp->data_end;
	const __u32 n = sent++, source = 0x64400000 + n % sources;
	__u32 sum = header_sum + (source >> 16) + (source & 0xffff);

	if (data + HEADERS > end)
		return XDP_ABORTED;
#pragma unroll
	for (int i = 0; i < HEADERS / 8; i++)
		((__u64 *)data)[i] = headers[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	*(__be16 *)(data + CHECK_AT) = bpf_htons(~sum);
	*(__be32 *)(data + SOURCE_AT) = bpf_htonl(source);
	*(__be16 *)(data + PORT_AT) = bpf_htons(1024 + n % ports);
	return bpf_redirect(leaves_by, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
