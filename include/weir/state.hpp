// SPDX-License-Identifier: Apache-2.0
// State handles: declare them as members of an operator, and weir keeps what they hold through every crash.
//
//   struct count : weir::keyed_process<std::string, std::string, counted> {
//     weir::value_state<std::int64_t> seen{*this, "seen", 0};
//
// Keyed handles (value, list, map, reducing, aggregating) work on the current key; operator handles (operator_list_state,
// union_list_state) belong to the subtask. A plain member of an operator is NOT state: it is gone after a restart.
//
// Owner:      the operator; only its own calls may use a handle.
// Invariants: (1) no handle gives a mutable reference into state (P9); (2) names are stable: they find the state again.
// Errors:     a keyed handle in an operator without keys is a graph error; using one where there is no current key (in a
//             constructor, open or close) throws std::logic_error, which ends the task.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weir/core/list_elements.hpp"
#include "weir/core/state_owner.hpp"

namespace weir {

namespace detail {

/// What all keyed handles share: finding the current key's value, and writing it the way P9 asks for.
template <class V>
class keyed_handle {
 protected:
  template <class K>
  keyed_handle(keyed_state_owner<K>& owner, std::string name) : owner_(&owner) {
    auto [table, view] = owner.template add_keyed<V>(std::move(name));
    table_ = table;
    view_ = view;
    cursor_ = &owner.cursor();
  }
  keyed_handle(state_owner& owner, const std::string& name) : owner_(&owner) {
    owner.add_error("state '" + name +
                    "' is keyed, but the operator has no keys: use it after key_by()");
  }
  keyed_handle(const keyed_handle&) = delete;
  keyed_handle& operator=(const keyed_handle&) = delete;

  /// The current key's value, or nullptr.
  const V* find() const { return locate(); }
  /// Ready to be changed in place, or nullptr when the key has none.
  V* writable() {
    V* value = locate();
    if (value != nullptr) table_->touch(value);
    return value;
  }
  /// REQUIRES: find() == nullptr.
  V& insert(V value) {
    V* placed = table_->insert(owner_->current_hash(), owner_->current_key(), std::move(value));
    view_->changed = true;
    view_->slots[cursor_->row] = placed;
    return *placed;
  }
  void erase() {
    if (locate() == nullptr) return;
    table_->erase(owner_->current_hash(), owner_->current_key());
    view_->changed = true;
    erased_ = true;
  }

 private:
  V* locate() const {
    V* value = static_cast<V*>(view_->slots[cursor_->row]);
    // A key of this block that was inserted or erased since the probe may stand in another row as well.
    if (!view_->changed || (value != nullptr && !erased_)) [[likely]]
      return value;
    return locate_again();
  }
  [[gnu::noinline]] V* locate_again() const {
    const void* key = owner_->current_key();  // throws when there is none
    V* value = table_->find(owner_->current_hash(), key);
    view_->slots[cursor_->row] = value;
    return value;
  }

  state_owner* owner_;
  const key_cursor* cursor_ = nullptr;
  state_view* view_ = nullptr;
  value_table<V>* table_ = nullptr;
  bool erased_ = false;  // sticky: operators that clear() state pay a lookup a record
};

}  // namespace detail

/// One value a key.
template <class T>
class value_state : detail::keyed_handle<T> {
 public:
  /// `initial` is what value() gives for a key that has none.
  template <class Owner>
  value_state(Owner& owner, std::string name, T initial = T{})
      : detail::keyed_handle<T>(owner, std::move(name)), initial_(std::move(initial)) {}

  /// Valid until the next call of this handle or the next record.
  const T& value() const {
    const T* found = this->find();
    return found != nullptr ? *found : initial_;
  }
  /// Whether the current key has a value of its own, not the initial one.
  bool has_value() const { return this->find() != nullptr; }
  /// Sets the current key's value.
  void update(T value) {
    if (T* place = this->writable()) [[likely]] {
      *place = std::move(value);
    } else {
      this->insert(std::move(value));
    }
  }
  /// The current key has no value any more, and costs no memory.
  void clear() { this->erase(); }

 private:
  T initial_;
};

/// A list a key. A list's changes are written as a whole: keep lists short, or use map_state.
template <class T>
class list_state : detail::keyed_handle<std::vector<T>> {
 public:
  template <class Owner>
  list_state(Owner& owner, std::string name)
      : detail::keyed_handle<std::vector<T>>(owner, std::move(name)) {}

  /// The current key's list; empty when it has none. Valid until the next call of this handle or the next record.
  const std::vector<T>& get() const {
    const auto* found = this->find();
    return found != nullptr ? *found : empty_;
  }
  /// Appends to the current key's list.
  void add(T element) {
    if (auto* place = this->writable()) {
      place->push_back(std::move(element));
    } else {
      std::vector<T> first;
      first.push_back(std::move(element));
      this->insert(std::move(first));
    }
  }
  /// Sets the current key's list.
  void update(std::vector<T> elements) {
    if (auto* place = this->writable()) {
      *place = std::move(elements);
    } else {
      this->insert(std::move(elements));
    }
  }
  /// The current key has no list any more, and costs no memory.
  void clear() { this->erase(); }

 private:
  std::vector<T> empty_;
};

/// A map a key. A map's changes are written as a whole.
template <class MapKey, class MapValue>
class map_state : detail::keyed_handle<std::unordered_map<MapKey, MapValue>> {
 public:
  using map_type = std::unordered_map<MapKey, MapValue>;

  template <class Owner>
  map_state(Owner& owner, std::string name)
      : detail::keyed_handle<map_type>(owner, std::move(name)) {}

  /// nullptr when absent. Valid until the next call of this handle or the next record.
  const MapValue* get(const MapKey& key) const {
    const auto& all = entries();
    const auto found = all.find(key);
    return found == all.end() ? nullptr : &found->second;
  }
  /// Whether the current key's map has an entry `key`.
  bool contains(const MapKey& key) const { return get(key) != nullptr; }
  /// All entries of the current key, in no order. Valid until the next call of this handle or the next record.
  const map_type& entries() const {
    const auto* found = this->find();
    return found != nullptr ? *found : empty_;
  }
  /// Adds or replaces an entry.
  void put(MapKey key, MapValue value) {
    auto* place = this->writable();
    if (place == nullptr) place = &this->insert(map_type{});
    place->insert_or_assign(std::move(key), std::move(value));
  }
  /// Removes an entry; nothing happens when there is none.
  void remove(const MapKey& key) {
    if (!contains(key)) return;
    this->writable()->erase(key);
  }
  /// The current key has no map any more, and costs no memory.
  void clear() { this->erase(); }

 private:
  map_type empty_;
};

/// A running reduction a key: add(x) makes it reduce(old, x). Reduce must be associative.
template <class T, class Reduce>
class reducing_state : detail::keyed_handle<T> {
 public:
  template <class Owner>
  reducing_state(Owner& owner, std::string name, Reduce reduce = Reduce{})
      : detail::keyed_handle<T>(owner, std::move(name)), reduce_(std::move(reduce)) {}

  /// nullptr when nothing was added. Valid until the next call of this handle or the next record.
  const T* get() const { return this->find(); }
  /// Adds an element; the new reduction. Valid as get() is.
  const T& add(T element) {
    if (T* place = this->writable()) {
      *place = reduce_(static_cast<const T&>(*place), std::move(element));
      return *place;
    }
    return this->insert(std::move(element));
  }
  /// Forgets what was added for the current key.
  void clear() { this->erase(); }

 private:
  Reduce reduce_;
};

/// A running aggregation a key. Aggregate has `accumulator create()`, `void add(accumulator&, const T&)` and
/// `result(const accumulator&)`; the accumulator is what is stored, and needs a codec.
template <class T, class Aggregate>
class aggregating_state : detail::keyed_handle<decltype(std::declval<Aggregate&>().create())> {
 public:
  using accumulator = decltype(std::declval<Aggregate&>().create());

  template <class Owner>
  aggregating_state(Owner& owner, std::string name, Aggregate aggregate = Aggregate{})
      : detail::keyed_handle<accumulator>(owner, std::move(name)),
        aggregate_(std::move(aggregate)) {}

  /// Whether anything was added for the current key.
  bool has_value() const { return this->find() != nullptr; }
  /// The result of what was added; of an empty accumulator when nothing was.
  auto get() const {
    const accumulator* found = this->find();
    return aggregate_.result(found != nullptr ? *found : aggregate_.create());
  }
  /// Adds an element to the current key's accumulator.
  void add(const T& element) {
    auto* place = this->writable();
    if (place == nullptr) place = &this->insert(aggregate_.create());
    aggregate_.add(*place, element);
  }
  /// Forgets what was added for the current key.
  void clear() { this->erase(); }

 private:
  mutable Aggregate aggregate_;
};

namespace detail {
template <class T>
class typed_list final : public list_store {
 public:
  typed_list(std::string name, list_mode mode) : name_(std::move(name)), mode_(mode) {}

  list_image image() const override {
    list_image out{name_, codec<T>::schema(), mode_, {}};
    for (const auto& element : own) {
      if (out.chunks.empty() || out.chunks.back().bytes.size() >= chunk_target_bytes) {
        out.chunks.push_back({chunk_kind::elements, {}, 0, {}});
      }
      byte_writer writer(out.chunks.back().bytes);
      codec<T>::encode(element, writer);
      ++out.chunks.back().entries;
    }
    return out;
  }
  result<void> restore(const list_image& written) override {
    auto& target = mode_ == list_mode::split ? own : restored;
    return for_each_element<T>(written, "list state '" + name_ + "'",
                               [&](T&& element) { target.push_back(std::move(element)); });
  }

  std::vector<T> own;
  std::vector<T> restored;

 private:
  std::string name_;
  list_mode mode_;
};
}  // namespace detail

/// A list that belongs to the subtask; at a restore each element goes to one subtask. It is written as a whole at each
/// checkpoint.
template <class T>
class operator_list_state {
 public:
  operator_list_state(state_owner& owner, std::string name) {
    auto made = std::make_unique<detail::typed_list<T>>(name, list_mode::split);
    list_ = made.get();
    owner.add_list(std::move(name), codec<T>::schema(), std::move(made));
  }
  /// This subtask's elements: those that it got at a restore, and what it added. Valid until the list is changed.
  const std::vector<T>& get() const { return list_->own; }
  void add(T element) { list_->own.push_back(std::move(element)); }
  void update(std::vector<T> elements) { list_->own = std::move(elements); }
  void clear() { list_->own.clear(); }

 private:
  detail::typed_list<T>* list_;
};

/// A list of which each subtask sees all elements at a restore, in restored(); what it claims of them it adds to its own
/// list, and only that list is written at the next checkpoint (P21).
template <class T>
class union_list_state {
 public:
  union_list_state(state_owner& owner, std::string name) {
    auto made = std::make_unique<detail::typed_list<T>>(name, list_mode::union_all);
    list_ = made.get();
    owner.add_list(std::move(name), codec<T>::schema(), std::move(made));
  }
  /// The elements of all subtasks as they were in the checkpoint; empty when the job started afresh.
  const std::vector<T>& restored() const { return list_->restored; }
  /// What this subtask has added since it was built; a restore leaves it empty. Valid until the list is changed.
  const std::vector<T>& get() const { return list_->own; }
  void add(T element) { list_->own.push_back(std::move(element)); }
  void update(std::vector<T> elements) { list_->own = std::move(elements); }
  void clear() { list_->own.clear(); }

 private:
  detail::typed_list<T>* list_;
};

}  // namespace weir
