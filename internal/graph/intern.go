package graph

import "sync"

// maxTexts bounds an interner; beyond, it starts over.
const maxTexts = 4096

// interner keeps one copy of texts that repeat from user to user, such as
// departments, job titles and licence ids.
type interner struct {
	mu    sync.Mutex
	texts map[string]string
}

func newInterner() *interner { return &interner{texts: map[string]string{}} }

func (i *interner) of(text string) string {
	if text == "" {
		return ""
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if known, ok := i.texts[text]; ok {
		return known
	}
	if len(i.texts) >= maxTexts {
		clear(i.texts)
	}
	i.texts[text] = text
	return text
}
