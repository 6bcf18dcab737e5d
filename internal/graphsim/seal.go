package graphsim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// sealer turns paging and delta state into opaque tokens. The same state always
// gives the same token, and a token that was altered is refused.
type sealer struct {
	aead cipher.AEAD
	key  []byte
}

func newSealer(seed uint64) (*sealer, error) {
	key := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("graphsim page token"), seed))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("make token cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make token cipher: %w", err)
	}
	return &sealer{aead: aead, key: key[:]}, nil
}

// seal encodes v. The nonce is derived from the plaintext, which keeps tokens
// reproducible.
func (s *sealer) seal(v any) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode token: %w", err)
	}
	mac := hmac.New(sha256.New, s.key)
	mac.Write(plain)
	nonce := mac.Sum(nil)[:s.aead.NonceSize()]
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, nil)), nil
}

// open decodes a token made by seal into v.
func (s *sealer) open(token string, v any) error {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return fmt.Errorf("decode token: %w", err)
	}
	if len(raw) < s.aead.NonceSize() {
		return errors.New("token is too short")
	}
	plain, err := s.aead.Open(nil, raw[:s.aead.NonceSize()], raw[s.aead.NonceSize():], nil)
	if err != nil {
		return fmt.Errorf("open token: %w", err)
	}
	return json.Unmarshal(plain, v)
}
