// SPDX-License-Identifier: Apache-2.0
#include "state/lmdb_check.hpp"

#include <new>
#include <string>
#include <vector>

#include "state/lmdb_layout.hpp"

namespace weir {
namespace {

using namespace detail;

/// Which pages have an owner; a second one for any of them is damage.
class page_owners {
 public:
  explicit page_owners(page_number last) : last_(last), taken_(last + 1) {}
  void take(page_number first, std::uint64_t count) {
    require(first >= 2 && first <= last_ && count <= last_ - first + 1, "page number out of range",
            first);
    for (page_number page = first; page < first + count; ++page) {
      require(!taken_[page], "page has two owners", page);
      taken_[page] = true;
    }
  }

 private:
  page_number last_;
  std::vector<bool> taken_;
};

/// Walks one B+tree in key order.
class tree_walk {
 public:
  enum class content { free_list, values };

  /// `into`: where to note what is found, if anybody wants to know.
  tree_walk(const file_reader& file, const meta_pages& metas, page_owners& owners, content kind,
            lmdb_content* into)
      : file_(file),
        metas_(metas),
        owners_(owners),
        kind_(kind),
        into_(into),
        page_bytes_(metas.page_bytes()) {}

  void run(const table& root) {
    if (root.root == no_page) {
      require(root.depth == 0 && root.entries == 0, "empty tree with entries", root.root);
    } else {
      require(root.depth >= 1 && root.depth <= depth_max, "impossible depth", root.root);
      walk(root.root, root.depth, 0, ~std::uint64_t{0});
    }
    if (found_.branch_pages != root.branch_pages || found_.leaf_pages != root.leaf_pages ||
        found_.overflow_pages != root.overflow_pages || found_.entries != root.entries) {
      fail("has a tree of " + counts(found_) + ", its root says " + counts(root));
    }
  }

 private:
  struct node {
    std::uint64_t key = 0;
    std::size_t key_size = 0;
    std::uint16_t flags = 0;
    std::uint32_t low = 0;  // size of the value, or low bits of the child
    std::size_t value_at = 0;
  };

  static std::string counts(const table& tree) {
    return std::to_string(tree.entries) + " entries on " + std::to_string(tree.branch_pages) +
           " + " + std::to_string(tree.leaf_pages) + " + " + std::to_string(tree.overflow_pages) +
           " pages";
  }

  /// Every key of the subtree lies in [from, to], and `levels` pages on each way down to a value.
  void walk(page_number number, unsigned levels, std::uint64_t from, std::uint64_t to) {
    owners_.take(number, 1);
    const std::vector<std::byte> page = read_page(number);
    require(load<page_number>(page.data()) == number, "page has a wrong number", number);
    const auto flags = load<std::uint16_t>(page.data() + 10);
    require(flags == (levels == 1 ? flag_leaf : flag_branch), "page has wrong flags", number);
    const std::vector<node> nodes = read_nodes(page, number, levels == 1);
    if (levels == 1) {
      ++found_.leaf_pages;
      for (const node& one : nodes) visit_leaf(page, number, one, from, to);
      return;
    }
    ++found_.branch_pages;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      // The key of the leftmost node is not used, and mostly empty.
      const std::uint64_t low = i == 0 ? from : nodes[i].key;
      const std::uint64_t high = i + 1 == nodes.size() ? to : nodes[i + 1].key - 1;
      require(from <= low && low <= high && high <= to, "branch keys out of order", number);
      const page_number child = nodes[i].low | (page_number{nodes[i].flags} << 32);
      walk(child, levels - 1, low, high);
    }
  }

  std::vector<std::byte> read_page(page_number number) const {
    std::vector<std::byte> page(page_bytes_);
    file_.read(number * page_bytes_, page.data(), page.size());
    return page;
  }

  std::vector<node> read_nodes(const std::vector<std::byte>& page, page_number number, bool leaf) {
    const std::size_t lower = load<std::uint16_t>(page.data() + 12);
    const std::size_t upper = load<std::uint16_t>(page.data() + 14);
    require(lower > page_header_bytes && lower % 2 == 0 && lower <= upper && upper <= page_bytes_,
            "page has impossible bounds", number);
    const std::size_t count = (lower - page_header_bytes) / 2;
    require(leaf || count >= 2 || kind_ == content::free_list, "branch with one child", number);
    std::vector<node> nodes;
    std::size_t used = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = load<std::uint16_t>(page.data() + page_header_bytes + 2 * i);
      require(at >= upper && at % 2 == 0 && at + node_header_bytes <= page_bytes_,
              "node outside its page", number);
      nodes.push_back(read_node(page, number, at, leaf, i == 0));
      used += size_of(nodes.back(), leaf);
    }
    require(used == page_bytes_ - upper, "nodes do not fill their space", number);
    return nodes;
  }

  node read_node(const std::vector<std::byte>& page, page_number number, std::size_t at, bool leaf,
                 bool first) const {
    const std::byte* begin = page.data() + at;
    node one;
    one.low = load<std::uint32_t>(begin);
    one.flags = load<std::uint16_t>(begin + 4);
    one.key_size = load<std::uint16_t>(begin + 6);
    require(one.key_size == key_bytes || (!leaf && first && one.key_size == 0), "key of wrong size",
            number);
    require(!leaf || one.flags == 0 || one.flags == node_big, "node has wrong flags", number);
    one.value_at = at + node_header_bytes + one.key_size;
    const std::size_t end = at + size_of(one, leaf);
    require(end <= page_bytes_, "node runs out of its page", number);
    if (one.key_size != 0) one.key = read_key(begin + node_header_bytes);
    return one;
  }

  std::uint64_t read_key(const std::byte* at) const {
    const auto stored = load<std::uint64_t>(at);
    return kind_ == content::free_list ? stored : __builtin_bswap64(stored);  // ours are big-endian
  }

  static std::size_t size_of(const node& one, bool leaf) {
    std::size_t size = node_header_bytes + one.key_size;
    if (leaf) size += one.flags == node_big ? sizeof(page_number) : std::size_t{one.low};
    return (size + 1) & ~std::size_t{1};
  }

  void visit_leaf(const std::vector<std::byte>& page, page_number number, const node& one,
                  std::uint64_t from, std::uint64_t to) {
    require(from <= one.key && one.key <= to, "key outside its page's range", number);
    require(found_.entries == 0 || one.key > last_key_, "keys out of order", number);
    last_key_ = one.key;
    ++found_.entries;
    page_number overflow = 0;
    if (one.flags == node_big) {
      overflow = load<page_number>(page.data() + one.value_at);
      const std::uint64_t pages =
          (page_header_bytes - 1 + std::uint64_t{one.low}) / page_bytes_ + 1;
      owners_.take(overflow, pages);
      require((overflow + pages) * page_bytes_ <= file_.size(),
              "value lies behind the end of the file", overflow);
      found_.overflow_pages += pages;
    }
    if (kind_ == content::free_list) {
      visit_free(page, number, one, overflow);
    } else if (into_ != nullptr) {
      const std::uint64_t begin = one.flags == node_big ? overflow * page_bytes_ + page_header_bytes
                                                        : number * page_bytes_ + one.value_at;
      into_->values.push_back({one.key, begin, one.low});
    }
  }

  /// The value is a count and that many page numbers, descending.
  void visit_free(const std::vector<std::byte>& page, page_number number, const node& one,
                  page_number overflow) {
    require(one.key >= 1 && one.key <= metas_.newest().transaction, "free list of the future",
            number);
    std::vector<std::byte> value(one.low);
    if (one.flags == node_big) {
      std::byte header[page_header_bytes];
      file_.read(overflow * page_bytes_, header, sizeof header);
      const std::uint64_t pages = (page_header_bytes - 1 + value.size()) / page_bytes_ + 1;
      require(load<page_number>(header) == overflow &&
                  load<std::uint16_t>(header + 10) == flag_overflow &&
                  load<std::uint32_t>(header + 12) == pages,
              "free list's pages have a wrong header", overflow);
      file_.read(overflow * page_bytes_ + page_header_bytes, value.data(), value.size());
    } else {
      std::copy_n(page.begin() + static_cast<std::ptrdiff_t>(one.value_at), value.size(),
                  value.begin());
    }
    require(value.size() >= 8 && value.size() % 8 == 0, "free list of impossible size", number);
    const auto count = load<std::uint64_t>(value.data());
    require(count <= value.size() / 8 - 1, "free list longer than its value", number);
    page_number previous = no_page;
    for (std::uint64_t i = 1; i <= count; ++i) {
      const auto free = load<page_number>(value.data() + 8 * i);
      require(free < previous, "free list out of order", number);
      owners_.take(free, 1);
      previous = free;
    }
    if (into_ != nullptr) into_->free_pages += count;
  }

  const file_reader& file_;
  const meta_pages& metas_;
  page_owners& owners_;
  content kind_;
  lmdb_content* into_;
  std::size_t page_bytes_;
  table found_{};
  std::uint64_t last_key_ = 0;
};

void walk(const file_reader& file, lmdb_content* into) {
  const meta_pages metas(file);
  const meta& newest = metas.newest();
  page_owners owners(newest.last_page);
  tree_walk(file, metas, owners, tree_walk::content::free_list, into).run(newest.free);
  tree_walk(file, metas, owners, tree_walk::content::values, into).run(newest.main);
  if (into == nullptr) return;
  into->transaction = newest.transaction;
  into->page_bytes = metas.page_bytes();
  into->file_bytes = file.size();
}

/// Calls read(file); what it throws becomes an error that names the file.
template <class Read>
result<void> with_file(const std::filesystem::path& data_file, Read read) {
  const std::string name = data_file.string();
  try {
    read(file_reader(data_file));
    return {};
  } catch (const damage& found) {
    return error{error_code::corrupt, name + " " + found.what};
  } catch (const error& found) {
    return error{found.code, name + " " + found.message};
  } catch (const std::system_error& failure) {
    const bool missing = failure.code() == std::errc::no_such_file_or_directory;
    return error{missing ? error_code::corrupt : error_code::io,
                 "cannot read " + name + ": " + failure.code().message()};
  } catch (const std::bad_alloc&) {
    return error{error_code::limit, "no memory to check " + name};
  }
}

}  // namespace

result<void> check_lmdb_file(const std::filesystem::path& data_file) {
  return with_file(data_file, [](const file_reader& file) { walk(file, nullptr); });
}

result<lmdb_content> read_lmdb_file(const std::filesystem::path& data_file) {
  lmdb_content found;
  auto read = with_file(data_file, [&](const file_reader& file) { walk(file, &found); });
  if (!read) return read.error();
  return found;
}

result<std::uint64_t> newest_lmdb_transaction(const std::filesystem::path& data_file) {
  std::uint64_t newest = 0;
  auto read = with_file(
      data_file, [&](const file_reader& file) { newest = meta_pages(file).newest().transaction; });
  if (!read) return read.error();
  return newest;
}

}  // namespace weir
