package graph

import (
	"sync"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// maxInterned bounds an interner; beyond, it starts over.
const maxInterned = 4096

// interner keeps one copy of what repeats from account to account. What it hands out
// is shared: nobody may change it.
type interner[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]V
}

func newInterner[K comparable, V any]() *interner[K, V] { return &interner[K, V]{known: map[K]V{}} }

// of is the value first seen under a key.
func (i *interner[K, V]) of(key K, value V) V {
	i.mu.Lock()
	defer i.mu.Unlock()
	if known, ok := i.known[key]; ok {
		return known
	}
	if len(i.known) >= maxInterned {
		clear(i.known)
	}
	i.known[key] = value
	return value
}

// texts interns texts such as departments, job titles and licence ids.
type texts struct{ *interner[string, string] }

func (t texts) of(text string) string {
	if text == "" {
		return ""
	}
	return t.interner.of(text, text)
}

// profiles interns profiles: many accounts have the same one, or nothing set at all.
type profiles struct {
	*interner[directory.Profile, *directory.Profile]
	empty *directory.Profile
}

func newProfiles() profiles {
	return profiles{newInterner[directory.Profile, *directory.Profile](), &directory.Profile{}}
}

func (p profiles) of(profile directory.Profile) *directory.Profile {
	if profile == *p.empty {
		return p.empty
	}
	return p.interner.of(profile, &profile)
}
