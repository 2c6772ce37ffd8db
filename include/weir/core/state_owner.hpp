// SPDX-License-Identifier: Apache-2.0
// state_owner is what every operator with state handles derives from: handles declared as its members register here, and
// the runtime finds their tables, lists and side outputs here. keyed_state_owner<K> adds the key under which they work.
//
// Owner:      the task that runs the operator.
// Invariants: (1) handles register in the order of their declaration, before the constructor of the operator runs;
//             (2) names are unique within an operator (a duplicate is a graph error);
//             (3) view.slots[row] is the value of the current key, or nullptr, unless the view says `changed`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/codec.hpp"
#include "weir/core/collector.hpp"
#include "weir/core/image.hpp"
#include "weir/core/keyed_table.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// Which of the records of a block is being processed; shared by all handles of one operator.
struct key_cursor {
  static constexpr std::uint32_t no_key = probe_block;
  std::uint32_t row = no_key;
};

/// One keyed state's values for the keys of the current block.
struct state_view {
  std::unique_ptr<void*[]> slots = std::make_unique<void*[]>(probe_block + 1);
  bool changed =
      true;  ///< an entry was inserted or erased since the probe, or there is no key: look again
};

/// An operator's list state, as snapshots see it.
class list_store {
 public:
  virtual ~list_store() = default;
  virtual list_image image() const = 0;
  virtual result<void> restore(const list_image& written) = 0;
};

/// A named output beside the main one.
struct side_port {
  std::string name;
  const void* type =
      nullptr;  ///< address of type_mark<T>: two ports carry the same type when it is equal
  std::function<void(batch_consumer_base*)> set_consumer;
  std::function<void()> flush;
  std::function<void(std::int64_t)> set_time;
  std::function<std::unique_ptr<batch_consumer_base>(std::vector<batch_consumer_base*>)> make_tee;
};

template <class T>
inline constexpr char type_mark = 0;

class state_owner {
 public:
  state_owner() = default;
  state_owner(const state_owner&) = delete;
  state_owner& operator=(const state_owner&) = delete;
  virtual ~state_owner() = default;

  struct keyed_entry {
    std::string name;
    std::string schema;
    std::unique_ptr<state_view> view;
    std::shared_ptr<void> table;  ///< keeps the keyed_table<K, V>
    table_image* image = nullptr;
  };
  struct list_entry {
    std::string name;
    std::string schema;
    std::unique_ptr<list_store> store;
  };

  const std::vector<keyed_entry>& keyed_states() const { return keyed_; }
  const std::vector<list_entry>& list_states() const { return lists_; }
  const std::vector<side_port>& side_ports() const { return sides_; }
  /// What is wrong with the declarations, for the graph's error list.
  const std::vector<std::string>& declaration_errors() const { return errors_; }

  /// The address of the current key; throws when there is none.
  virtual const void* current_key() const {
    throw std::logic_error("keyed state was used where there is no current key");
  }
  virtual std::uint64_t current_hash() const { return 0; }
  bool has_key() const { return cursor_.row != key_cursor::no_key; }
  const key_cursor& cursor() const { return cursor_; }

  void add_error(std::string text) { errors_.push_back(std::move(text)); }
  list_store* add_list(std::string name, std::string schema, std::unique_ptr<list_store> store) {
    require_unique(name);
    lists_.push_back({std::move(name), std::move(schema), std::move(store)});
    return lists_.back().store.get();
  }
  void add_side(side_port port) {
    for (const auto& other : sides_) {
      if (other.name == port.name) add_error("side output '" + port.name + "' is declared twice");
    }
    sides_.push_back(std::move(port));
  }

 protected:
  void require_unique(const std::string& name) {
    if (name.empty()) add_error("a state has no name");
    for (const auto& other : keyed_) {
      if (other.name == name) add_error("state '" + name + "' is declared twice");
    }
    for (const auto& other : lists_) {
      if (other.name == name) add_error("state '" + name + "' is declared twice");
    }
  }
  key_cursor cursor_;
  std::vector<keyed_entry> keyed_;

 private:
  std::vector<list_entry> lists_;
  std::vector<side_port> sides_;
  std::vector<std::string> errors_;
};

template <class K>
class keyed_state_owner : public state_owner {
 public:
  using key_type = K;

  /// Makes the table of one state. The schema names key and value, so that a restore can compare both.
  template <class V>
  std::pair<value_table<V>*, state_view*> add_keyed(std::string name) {
    require_unique(name);
    auto table = std::make_shared<keyed_table<K, V>>();
    auto* made = table.get();
    auto view = std::make_unique<state_view>();
    auto* seen = view.get();
    keyed_.push_back({std::move(name), "map<" + codec<K>::schema() + "," + codec<V>::schema() + ">",
                      std::move(view), std::move(table), made});
    probes_.push_back(made);
    return {made, seen};
  }
  const void* current_key() const final {
    if (!has_key()) return state_owner::current_key();
    return keys_[cursor_.row];
  }
  std::uint64_t current_hash() const final { return hashes_[cursor_.row]; }

  // -- for the runtime's loop ---------------------------------------------------------------------------------------

  /// Resolves all states for n <= probe_block keys. The arrays must live until leave_block().
  void enter_block(const std::uint64_t* hashes, const K* const* keys, std::uint32_t n) {
    hashes_ = hashes;
    keys_ = keys;
    for (std::size_t i = 0; i < probes_.size(); ++i) {
      keyed_[i].view->changed = false;
      probes_[i]->probe(hashes, keys, n, keyed_[i].view->slots.get());
    }
  }
  void select(std::uint32_t row) { cursor_.row = row; }
  void leave_block() {
    cursor_.row = key_cursor::no_key;
    for (auto& entry : keyed_) {
      entry.view->slots[key_cursor::no_key] = nullptr;
      entry.view->changed = true;
    }
  }
  const K& key() const { return *static_cast<const K*>(current_key()); }

 private:
  const std::uint64_t* hashes_ = nullptr;
  const K* const* keys_ = nullptr;
  std::vector<key_probe<K>*> probes_;
};

}  // namespace weir
