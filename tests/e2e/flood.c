// SPDX-License-Identifier: BSD-2-Clause
/*
 * Sends IPv4 packets as fast as they go, each from another address of
 * 100.64.0.0/10: flood INTERFACE SOURCE-MAC TARGET-MAC TARGET PORT KIND COUNT,
 * KIND being syn, ack or udp. Prints how many went out, and in how many
 * milliseconds; gives up after 30 s. test_flood.py compiles it.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH	      64
#define FIRST_ADDRESS 0x64400000u
#define SECONDS_MAX   30

struct frame {
	struct ether_header ether;
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct udphdr udp;
	};
} __attribute__((packed));

static uint32_t sum_words(const void *from, size_t bytes, uint32_t sum)
{
	for (size_t i = 0; i < bytes; i += 2) {
		uint16_t word;

		memcpy(&word, (const uint8_t *)from + i, sizeof(word));
		sum += word;
	}
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static size_t transport_length(bool udp)
{
	return udp ? sizeof(struct udphdr) : sizeof(struct tcphdr);
}

static void fill(struct frame *frame, uint32_t n, bool udp)
{
	const size_t length = transport_length(udp);
	uint32_t sum;

	frame->ip.saddr = htonl(FIRST_ADDRESS + n);
	frame->ip.check = 0;
	frame->ip.check = fold(sum_words(&frame->ip, sizeof(frame->ip), 0));
	sum = sum_words(&frame->ip.saddr, 8, htons(frame->ip.protocol) + htons((uint16_t)length));
	if (udp) {
		frame->udp.source = htons((uint16_t)(1024 + n % 60000));
		frame->udp.check = 0;
		frame->udp.check = fold(sum_words(&frame->udp, length, sum)) ?: 0xffff;
	} else {
		frame->tcp.source = htons((uint16_t)(1024 + n % 60000));
		frame->tcp.seq = htonl(n * 2654435761u);
		frame->tcp.check = 0;
		frame->tcp.check = fold(sum_words(&frame->tcp, length, sum));
	}
}

static struct frame make(char **words)
{
	const bool udp = !strcmp(words[6], "udp");
	struct frame frame = { .ether.ether_type = htons(ETHERTYPE_IP) };

	ether_aton_r(words[2], (struct ether_addr *)frame.ether.ether_shost);
	ether_aton_r(words[3], (struct ether_addr *)frame.ether.ether_dhost);
	frame.ip = (struct iphdr){ .version = 4,
				   .ihl = 5,
				   .ttl = 64,
				   .protocol = udp ? IPPROTO_UDP : IPPROTO_TCP,
				   .tot_len = htons((uint16_t)(sizeof(frame.ip) + transport_length(udp))),
				   .daddr = inet_addr(words[4]) };
	if (udp) {
		frame.udp = (struct udphdr){ .dest = htons((uint16_t)atoi(words[5])), .len = htons(sizeof(frame.udp)) };
	} else {
		frame.tcp = (struct tcphdr){ .dest = htons((uint16_t)atoi(words[5])),
					     .doff = 5,
					     .syn = !strcmp(words[6], "syn"),
					     .ack = !strcmp(words[6], "ack"),
					     .window = htons(65535) };
	}
	return frame;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int main(int n_words, char **words)
{
	static struct frame frames[BATCH];
	static struct mmsghdr messages[BATCH];
	static struct iovec vectors[BATCH];
	const uint64_t start = now_ms();
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN };
	uint32_t sent = 0, count;
	int sock;

	if (n_words != 8)
		return 2;
	count = (uint32_t)atol(words[7]);
	to.sll_ifindex = (int)if_nametoindex(words[1]);
	sock = socket(AF_PACKET, SOCK_RAW, 0);
	if (sock < 0 || bind(sock, (struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	for (int i = 0; i < BATCH; i++) {
		const bool udp = !strcmp(words[6], "udp");

		frames[i] = make(words);
		vectors[i] = (struct iovec){ &frames[i], offsetof(struct frame, tcp) + transport_length(udp) };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &vectors[i], .msg_iovlen = 1 };
	}
	while (sent < count && now_ms() - start < SECONDS_MAX * 1000) {
		int done;

		for (uint32_t i = 0; i < BATCH; i++)
			fill(&frames[i], sent + i, frames[i].ip.protocol == IPPROTO_UDP);
		done = sendmmsg(sock, messages, count - sent < BATCH ? count - sent : BATCH, 0);
		if (done > 0)
			sent += (uint32_t)done;
	}
	printf("%u %llu\n", sent, (unsigned long long)(now_ms() - start));
	return sent < count;
}
