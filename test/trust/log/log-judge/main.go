// An independent judge of a transparency log: proofs by golang.org/x/mod/sumdb/tlog, signatures by Go's crypto. Reads a
// JSON document on each line of stdin, and ends with the number of lines, or with the first one that does not hold.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

type claim struct {
	// `inclusion`: Body is entry Index of the tree (Size, Root). `consistency`: (Size, Root) begins with (From, FromRoot).
	// `promise`: Signature of Key is over Body. `checkpoint`: Note is signed by Key and says (Size, Root).
	Kind      string
	Index     int64
	Size      int64
	Root      []byte
	From      int64
	FromRoot  []byte
	Body      []byte
	Path      [][]byte
	Key       string
	Signature []byte
	Note      string
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	count := 0
	for lines.Scan() {
		var c claim
		err := json.Unmarshal(lines.Bytes(), &c)
		if err == nil {
			err = c.check()
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "line %d: %v\n", count+1, err)
			os.Exit(1)
		}
		count++
	}
	fmt.Println(count)
}

func (c claim) check() error {
	switch c.Kind {
	case "inclusion":
		return tlog.CheckRecord(hashes(c.Path), c.Size, hash(c.Root), c.Index, tlog.RecordHash(c.Body))
	case "consistency":
		return tlog.CheckTree(hashes(c.Path), c.Size, hash(c.Root), c.From, hash(c.FromRoot))
	case "promise":
		return c.verify(c.Body, c.Signature)
	case "checkpoint":
		return c.checkNote()
	}
	return errors.New("unknown kind " + c.Kind)
}

func (c claim) verify(data, signature []byte) error {
	block, _ := pem.Decode([]byte(c.Key))
	if block == nil {
		return errors.New("no key")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(data)
	if !ecdsa.VerifyASN1(key.(*ecdsa.PublicKey), digest[:], signature) {
		return errors.New("the signature does not hold")
	}
	return nil
}

func (c claim) checkNote() error {
	text, signatures, found := strings.Cut(c.Note, "\n\n")
	if !found {
		return errors.New("no note")
	}
	fields := strings.Fields(signatures)
	if len(fields) != 3 || fields[0] != "—" {
		return errors.New("not one signature")
	}
	raw, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil {
		return err
	}
	if err := c.verify([]byte(text+"\n"), raw[4:]); err != nil {
		return err
	}
	want := fmt.Sprintf("%d\n%s", c.Size, base64.StdEncoding.EncodeToString(c.Root))
	if _, rest, _ := strings.Cut(text, "\n"); rest != want {
		return fmt.Errorf("the note says %q", rest)
	}
	return nil
}

func hashes(path [][]byte) (out []tlog.Hash) {
	for _, item := range path {
		out = append(out, hash(item))
	}
	return out
}

func hash(bytes []byte) (out tlog.Hash) {
	copy(out[:], bytes)
	return out
}
