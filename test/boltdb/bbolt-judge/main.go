// The real bbolt library as a judge of the bolt room: reads files with it, looks up every key, and makes files for our
// reader. Facts travel as bytes: one byte kind (0 = key with value, 1 = empty bucket), u32 number of names in the path,
// then names, key and (kind 0) value, each with its length as u32 before it; little-endian, in order.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	bolt "go.etcd.io/bbolt"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "tree":
		err = tree(os.Args[2])
	case len(os.Args) == 5 && os.Args[1] == "fill":
		err = fill(os.Args[2], os.Args[3], os.Args[4])
	default:
		err = errors.New("usage: bbolt-judge tree FILE | fill FILE PAGESIZE TRANSACTIONS < facts")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tree prints the hash of all facts of a file, every key of which was found again from the root by its path.
func tree(name string) error {
	db, err := bolt.Open(name, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	hash := sha256.New()
	out := bufio.NewWriterSize(hash, 1<<20)
	keys, buckets := 0, 0
	err = db.View(func(tx *bolt.Tx) error {
		var walk func(b *bolt.Bucket, path [][]byte) error
		walk = func(b *bolt.Bucket, path [][]byte) error {
			empty := true
			err := b.ForEach(func(k, v []byte) error {
				empty = false
				if v == nil {
					below := append(append([][]byte{}, path...), k)
					sub := find(tx, below)
					if sub == nil {
						return fmt.Errorf("bucket %q is not found", below)
					}
					buckets++
					return walk(sub, below)
				}
				keys++
				got := find(tx, path).Get(k)
				if got == nil || !bytes.Equal(got, v) {
					return fmt.Errorf("key %q in %q is not found", k, path)
				}
				return write(out, path, k, v)
			})
			if err == nil && empty {
				err = write(out, path[:len(path)-1], path[len(path)-1], nil)
			}
			return err
		}
		return tx.ForEach(func(k []byte, b *bolt.Bucket) error {
			buckets++
			return walk(b, [][]byte{k})
		})
	})
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"keys": keys, "buckets": buckets, "sha256": fmt.Sprintf("%x", hash.Sum(nil)),
	})
}

func find(tx *bolt.Tx, path [][]byte) *bolt.Bucket {
	b := tx.Bucket(path[0])
	for _, name := range path[1:] {
		if b == nil {
			return nil
		}
		b = b.Bucket(name)
	}
	return b
}

type fact struct {
	path  [][]byte
	key   []byte
	value []byte
}

// fill makes a file of the facts on stdin the way programs use bbolt: in several transactions, each with every nth fact,
// and each with keys of its own that the last transaction deletes, so that there are free pages and half-filled ones.
func fill(name, pageSize, transactions string) error {
	size, err := strconv.Atoi(pageSize)
	if err != nil {
		return err
	}
	rounds, err := strconv.Atoi(transactions)
	if err != nil {
		return err
	}
	facts, err := read(bufio.NewReaderSize(os.Stdin, 1<<20))
	if err != nil {
		return err
	}
	db, err := bolt.Open(name, 0o600, &bolt.Options{PageSize: size, NoSync: true})
	if err != nil {
		return err
	}
	defer db.Close()
	for round := 0; round < rounds; round++ {
		err := db.Update(func(tx *bolt.Tx) error {
			for i := round; i < len(facts); i += rounds {
				if err := put(tx, facts[i], round); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return db.Update(func(tx *bolt.Tx) error {
		for _, f := range facts {
			if f.value == nil {
				continue
			}
			for round := 0; round < rounds; round++ {
				if err := find(tx, f.path).Delete(passing(f.key, round)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func put(tx *bolt.Tx, f fact, round int) error {
	path := f.path
	if f.value == nil {
		path = append(append([][]byte{}, path...), f.key)
	}
	b, err := tx.CreateBucketIfNotExists(path[0])
	for _, name := range path[1:] {
		if err != nil {
			return err
		}
		b, err = b.CreateBucketIfNotExists(name)
	}
	if err != nil || f.value == nil {
		return err
	}
	if len(f.key) < 1000 {
		if err := b.Put(passing(f.key, round), []byte("passing")); err != nil {
			return err
		}
	}
	return b.Put(f.key, f.value)
}

// passing is a key that no fact has.
func passing(key []byte, round int) []byte {
	return []byte(fmt.Sprintf("%s\xff\xfe passing %d", key, round))
}

func read(in io.Reader) ([]fact, error) {
	var facts []fact
	for {
		var kind [1]byte
		if _, err := io.ReadFull(in, kind[:]); err == io.EOF {
			return facts, nil
		} else if err != nil {
			return nil, err
		}
		var names uint32
		if err := binary.Read(in, binary.LittleEndian, &names); err != nil {
			return nil, err
		}
		parts := make([][]byte, 0, names+2)
		for i := uint32(0); i < names+2-uint32(kind[0]); i++ {
			var length uint32
			if err := binary.Read(in, binary.LittleEndian, &length); err != nil {
				return nil, err
			}
			part := make([]byte, length)
			if _, err := io.ReadFull(in, part); err != nil {
				return nil, err
			}
			parts = append(parts, part)
		}
		f := fact{path: parts[:names], key: parts[names]}
		if kind[0] == 0 {
			f.value = parts[names+1]
		}
		facts = append(facts, f)
	}
}

func write(out io.Writer, path [][]byte, key, value []byte) error {
	parts := append(append([][]byte{}, path...), key)
	kind := byte(1)
	if value != nil {
		kind = 0
		parts = append(parts, value)
	}
	if _, err := out.Write([]byte{kind}); err != nil {
		return err
	}
	if err := binary.Write(out, binary.LittleEndian, uint32(len(path))); err != nil {
		return err
	}
	for _, part := range parts {
		if err := binary.Write(out, binary.LittleEndian, uint32(len(part))); err != nil {
			return err
		}
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	return nil
}
