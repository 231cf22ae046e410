// Rules of verse: which ids may come at a place, as in core/rules.py. A rule is a function (written, t) → (id →
// boolean), or → null where it says nothing. Rules stand in order, the most important one first; where one would leave
// no id, it gives way.

// At place t an id of the class wanted[t] comes; class 0 is every id. classes: of each id, as the bits of a number.
const positions = (classes, wanted) => (written, t) => (wanted[t] ? (id) => (classes[id] >> wanted[t]) & 1 : null);

// All ids at places of one chain share a group, as words that rhyme do. An id that left no group does not count.
function alike(groups, chain, start) {
  return (written, t) => {
    if (!chain[t]) return null;
    let shared = chain[t] === 1 && start.size ? start : null;  // null: any group
    const within = (group) => !shared || shared.has(group);
    for (let earlier = 0; earlier < t; earlier++) {
      if (chain[earlier] !== chain[t]) continue;
      const both = groups[written[earlier]].filter(within);
      if (both.length) shared = new Set(both);
    }
    return (id) => groups[id].some(within);
  };
}

// Ids at places of one chain differ.
const different = (chain) => (written, t) => {
  const earlier = new Set(written.filter((_, place) => chain[t] && chain[place] === chain[t]));
  return chain[t] ? (id) => !earlier.has(id) : null;
};

// No id comes that is in `used` or was written before, but for those in `free` and, where `doubling` says so, one that
// comes twice in a row. copies[t]: the earlier place whose id, and no other, stands here again; -1: none.
const noRepeats = ({ used, free, doubles, doubling, copies }) => (written, t) => {
  if (t && copies[t] >= 0) return (id) => id === written[copies[t]];
  const gone = new Set([...used, ...written].filter((id) => !free.has(id)));
  const doubled = written.some((id, place) => place && id === written[place - 1]);
  if (t && t < copies.length && doubling[t] && !doubled && doubles.has(written[t - 1])) gone.delete(written[t - 1]);
  return (id) => !gone.has(id);
};

function applyRules(rules, possible, written) {
  let left = possible;
  for (const rule of rules) {
    const allowed = rule(written, written.length);
    const both = allowed && left.filter(allowed);
    if (both?.length) left = both;
  }
  return left;
}
