// SPDX-License-Identifier: BSD-2-Clause
/* The policy image in force: built aside, swapped in by one update. */
#include <string.h>
#include <sys/mman.h>

#include "datapath/datapath_private.h"
#include "datapath/herald.h"

#define IMAGE_MAP_NAME "weir_image"

int image_map_create(uint32_t words)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, IMAGE_MAP_NAME, sizeof(uint32_t), words * sizeof(uint32_t), 1,
				&opts);

	return fd < 0 ? -errno : fd;
}

static int write_words(int fd, const uint32_t *words, uint32_t n_words)
{
	size_t size = n_words * sizeof(*words);
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	memcpy(at, words, size);
	munmap(at, size);
	/* From here on it is read-only for userspace too. */
	return bpf_map_freeze(fd) < 0 ? -errno : 0;
}

int image_put(const struct image_slot *slot, uint32_t capacity, const uint32_t *words, uint32_t n_words,
	      struct error *error)
{
	uint32_t key = slot->slot;
	int r;

	_cleanup_close_ int fd = image_map_create(capacity);
	if (fd < 0)
		return error_set(error, fd, "make image map of %u words: %s", capacity, strerror(-fd));
	r = write_words(fd, words, n_words);
	if (r < 0)
		return error_set(error, r, "write image: %s", strerror(-r));
	r = image_pin(slot->maps, fd);
	if (r < 0)
		return error_set(error, r, "pin image: %s", strerror(-r));
	r = bpf_map_update_elem(slot->images, &key, &fd, BPF_ANY) < 0 ? -errno : 0;
	return r < 0 ? error_set(error, r, "swap image: %s", strerror(-r)) : 0;
}

static int check_image(const uint32_t *words, uint32_t n_words, struct error *error)
{
	struct weir_image_header header;

	if (n_words < WEIR_HEADER_WORDS)
		return error_set(error, -EINVAL, "swap image: %u words are no image", n_words);
	memcpy(&header, words, sizeof(header));
	if (header.magic != WEIR_IMAGE_MAGIC || header.abi != WEIR_IMAGE_ABI)
		return error_set(error, -EINVAL, "swap image: not an image of ABI %u", WEIR_IMAGE_ABI);
	return 0;
}

int datapath_swap(struct datapath *datapath, const uint32_t *words, uint32_t n_words, struct error *error)
{
	struct herald herald;
	int r;

	r = check_image(words, n_words, error);
	if (r < 0)
		return r;
	r = n_words > datapath->config.image_words ? grow(datapath, n_words, error) : 0;
	if (r < 0)
		return r;
	const struct image_slot slot = { datapath->maps, bpf_map__fd(datapath->skeleton->maps.images),
					 WEIR_SLOT_ENFORCED };
	herald_begin(&herald, datapath, &slot);
	r = image_put(&slot, datapath->config.image_words, words, n_words, error);
	herald_end(&herald);
	image_unpin_unused(slot.maps, slot.images);
	if (r == 0)
		r = upgrade_finish(datapath, true, error);
	if (r < 0)
		return r;
	datapath->revision = words[offsetof(struct weir_image_header, revision) / sizeof(*words)];
	datapath_new_generation(datapath);
	return 0;
}

uint32_t datapath_revision(const struct datapath *datapath)
{
	return datapath->revision;
}

uint32_t datapath_revision_before(const struct datapath *datapath)
{
	return datapath->revision_before;
}

uint32_t datapath_image_words(const struct datapath *datapath)
{
	return datapath->config.image_words;
}

/* The map in a slot; *ret_words: its capacity. fd or -errno. */
static int open_slot(const struct image_slot *slot, uint32_t *ret_words)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	_cleanup_close_ int fd = image_open(slot);
	if (fd < 0)
		return fd;
	if (bpf_map_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	*ret_words = info.value_size / sizeof(uint32_t);
	return TAKE_FD(fd);
}

static int read_header(const struct image_slot *slot, uint32_t *ret_words, struct weir_image_header *ret)
{
	uint32_t words;
	_cleanup_close_ int fd = open_slot(slot, &words);

	if (fd < 0)
		return fd;
	const struct weir_image_header *header = mmap(NULL, sizeof(*header), PROT_READ, MAP_SHARED, fd, 0);
	if (header == MAP_FAILED)
		return -errno;
	*ret_words = words;
	*ret = *header;
	munmap((void *)header, sizeof(*header));
	return 0;
}

int image_running(const struct image_slot *slot, uint32_t *ret_words, uint32_t *ret_revision)
{
	struct weir_image_header header;
	uint32_t words;
	int r = read_header(slot, &words, &header);

	if (r < 0)
		return r;
	if (header.magic != WEIR_IMAGE_MAGIC || header.abi != WEIR_IMAGE_ABI)
		return -EPROTO;
	*ret_words = words;
	*ret_revision = header.revision;
	return 0;
}

uint32_t image_revision(const struct image_slot *slot)
{
	struct weir_image_header header;
	uint32_t words;

	return read_header(slot, &words, &header) == 0 && header.magic == WEIR_IMAGE_MAGIC ? header.revision : 0;
}

int image_copy(const struct image_slot *from, const struct image_slot *to, uint32_t capacity, struct error *error)
{
	uint32_t words;
	_cleanup_close_ int fd = open_slot(from, &words);

	if (fd < 0)
		return fd;
	uint32_t *image = mmap(NULL, words * sizeof(*image), PROT_READ, MAP_SHARED, fd, 0);
	if (image == MAP_FAILED)
		return error_set(error, -errno, "read the image in force: %s", strerror(errno));
	int r = image_put(to, capacity, image, words, error);
	munmap(image, words * sizeof(*image));
	return r;
}
