package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// screen is what the audience sees.
type screen struct {
	out     io.Writer
	chapter int
	blank   bool // the last line is an empty one
}

func newScreen(out io.Writer) *screen { return &screen{out: out} }

// print writes to the terminal, with one empty line at most between two texts. When
// the terminal is gone, so is the audience.
func (s *screen) print(text string) {
	if s.blank {
		text = strings.TrimLeft(text, "\n")
	}
	s.blank = strings.HasSuffix(text, "\n\n")
	_, _ = io.WriteString(s.out, text)
}

// heading begins a chapter.
func (s *screen) heading(title string) {
	s.chapter++
	title = fmt.Sprintf("%d  %s", s.chapter, title)
	s.print("\n" + title + "\n" + strings.Repeat("─", len([]rune(title))) + "\n")
}

// say explains.
func (s *screen) say(text string) { s.print(text + "\n") }

// shown writes a command with what it printed.
func (s *screen) shown(command, output string) {
	s.print("\n$ " + command + "\n" + strings.TrimRight(output, "\n") + "\n\n")
}

// took tells how long something took.
func (s *screen) took(what string, since time.Time) {
	s.print("· " + what + " (" + seconds(time.Since(since)) + ")\n")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
