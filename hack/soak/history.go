package main

import "time"

// expected is how many samples there is room for from the beginning: the memory of what
// was measured must not itself be taken for a leak.
const expected = 512

// history is what was measured, by measure. Every measure has a point for every sample.
type history struct {
	at     []time.Duration
	points map[string][]point
}

func newHistory() *history {
	return &history{at: make([]time.Duration, 0, expected), points: map[string][]point{}}
}

// add keeps what a sample measured. What was not measured before, or is not any more, was
// or is 0.
func (h *history) add(s *sample) {
	for measure := range s.values {
		if _, known := h.points[measure]; known {
			continue
		}
		points := make([]point, 0, expected)
		for _, at := range h.at {
			points = append(points, point{at: at})
		}
		h.points[measure] = points
	}
	h.at = append(h.at, s.at)
	for measure := range h.points {
		h.points[measure] = append(h.points[measure], point{s.at, s.values[measure]})
	}
}

// span is the simulated time from which trends are read: what is settled drops the rest.
func (h *history) span() time.Duration {
	if len(h.at) == 0 {
		return 0
	}
	return h.at[len(h.at)-1] * 3 / 4
}
