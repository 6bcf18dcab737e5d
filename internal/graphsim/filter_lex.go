package graphsim

import (
	"errors"
	"strings"
)

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenString
)

// filterToken is a word (name, keyword, number, date or symbol) or a string
// literal of a $filter.
type filterToken struct {
	kind tokenKind
	text string
	at   int
}

func lexFilter(raw string) ([]filterToken, error) {
	var tokens []filterToken
	for i := 0; i < len(raw); {
		switch ch := raw[i]; {
		case ch == ' ' || ch == '\t':
			i++
		case strings.IndexByte("(),", ch) >= 0:
			tokens = append(tokens, filterToken{tokenWord, string(ch), i})
			i++
		case ch == '\'':
			text, length, err := lexString(raw[i:])
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, filterToken{tokenString, text, i})
			i += length
		default:
			end := wordEnd(raw, i)
			tokens = append(tokens, splitRangeVariable(raw[i:end], i)...)
			i = end
		}
	}
	return tokens, nil
}

func wordEnd(raw string, i int) int {
	if n := strings.IndexAny(raw[i:], " \t(),'"); n >= 0 {
		return i + n
	}
	return len(raw)
}

// splitRangeVariable separates the x:x of a lambda; dates keep their colons.
func splitRangeVariable(word string, at int) []filterToken {
	name, rest, ok := strings.Cut(word, ":")
	if !ok || name == "" || name[0] >= '0' && name[0] <= '9' {
		return []filterToken{{tokenWord, word, at}}
	}
	tokens := []filterToken{{tokenWord, name, at}, {tokenWord, ":", at + len(name)}}
	if rest != "" {
		tokens = append(tokens, filterToken{tokenWord, rest, at + len(name) + 1})
	}
	return tokens
}

func lexString(raw string) (text string, length int, err error) {
	for i := 1; i < len(raw); i++ {
		if raw[i] != '\'' {
			continue
		}
		if i+1 < len(raw) && raw[i+1] == '\'' {
			i++
			continue
		}
		text, _ = unquote(raw[:i+1])
		return text, i + 1, nil
	}
	return "", 0, errors.New("There is an unterminated string literal.") //nolint:revive,staticcheck // Graph's words
}
