package graphsim

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/google/uuid"
)

// guid derives a version 4 GUID from the seed and a path of names, so that equal
// seeds give equal ids whatever else happened before.
func guid(seed uint64, parts ...string) string {
	sum := digest(seed, parts...)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// chance is a deterministic number in [0,1) for the seed and a path of names.
func chance(seed uint64, parts ...string) float64 {
	sum := digest(seed, parts...)
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}

func digest(seed uint64, parts ...string) [sha256.Size]byte {
	h := sha256.New()
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], seed)
	h.Write(b[:])
	for _, p := range parts {
		h.Write([]byte{0})
		h.Write([]byte(p))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }
