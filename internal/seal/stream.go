package seal

import (
	"bufio"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
)

// A sealed stream is: header (algorithm, key id), 32 bytes of salt, then chunks
// of up to 64 KiB, each with its tag. The key comes from salt and place, the
// nonce is the chunk's number and a mark on the last one: chunks cannot be
// swapped, repeated, left out or cut off unseen (the STREAM construction).
const (
	chunkSize = 64 << 10
	saltSize  = 32
	lastMark  = 1
)

var errClosed = errors.New("seal: write after close")

// streamCipher is the cipher of one stream.
func (k *Keyring) streamCipher(id uint16, salt []byte, at Place) (cipher.AEAD, error) {
	key, err := k.derive(id, "stream/"+string(at.bytes(header(algGCMStream, id))), salt)
	if err != nil {
		return nil, err
	}
	return newGCM(key)
}

// nonceOf is the chunk's nonce; it never repeats within a stream, and every
// stream has its own key.
func nonceOf(chunk uint64, last bool) []byte {
	nonce := make([]byte, nonceSize)
	binary.BigEndian.PutUint64(nonce[3:], chunk)
	if last {
		nonce[nonceSize-1] = lastMark
	}
	return nonce
}

// SealStream returns a writer that encrypts into dst. Close writes the final
// chunk and must be called; it does not close dst.
func (k *Keyring) SealStream(dst io.Writer, at Place) (io.WriteCloser, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails; it ends the process instead
	gcm, err := k.streamCipher(k.active, salt, at)
	if err != nil {
		return nil, err
	}
	if _, err := dst.Write(append(header(algGCMStream, k.active), salt...)); err != nil {
		return nil, err
	}
	return &sealWriter{dst: dst, gcm: gcm, buf: make([]byte, 0, chunkSize)}, nil
}

type sealWriter struct {
	dst   io.Writer
	gcm   cipher.AEAD
	buf   []byte
	out   []byte
	chunk uint64
	err   error
}

// Write encrypts whole chunks; the last one waits for Close, which marks it.
func (w *sealWriter) Write(p []byte) (int, error) {
	n := 0
	for len(p) > 0 && w.err == nil {
		if len(w.buf) == chunkSize {
			w.flush(false)
			continue
		}
		took := copy(w.buf[len(w.buf):chunkSize], p)
		w.buf = w.buf[:len(w.buf)+took]
		p, n = p[took:], n+took
	}
	return n, w.err
}

func (w *sealWriter) flush(last bool) {
	w.out = w.gcm.Seal(w.out[:0], nonceOf(w.chunk, last), w.buf, nil)
	w.buf = w.buf[:0]
	w.chunk++
	_, w.err = w.dst.Write(w.out)
}

// Close writes the final chunk.
func (w *sealWriter) Close() error {
	if w.err != nil {
		return w.err
	}
	w.flush(true)
	if w.err != nil {
		return w.err
	}
	w.err = errClosed
	return nil
}

// OpenStream returns a reader of the plain content. It hands out only what was
// authenticated, and ends with ErrDamaged instead of io.EOF when the stream was
// changed or cut.
func (k *Keyring) OpenStream(src io.Reader, at Place) (io.Reader, error) {
	head := make([]byte, headerSize+saltSize)
	if _, err := io.ReadFull(src, head); err != nil {
		return nil, damagedAtEnd(err)
	}
	if head[0] != algGCMStream {
		return nil, ErrDamaged
	}
	gcm, err := k.streamCipher(binary.BigEndian.Uint16(head[1:]), head[headerSize:], at)
	if err != nil {
		return nil, err
	}
	return &openReader{src: bufio.NewReaderSize(src, chunkSize+tagSize), gcm: gcm, buf: make([]byte, chunkSize+tagSize)}, nil
}

type openReader struct {
	src   *bufio.Reader
	gcm   cipher.AEAD
	buf   []byte
	plain []byte // opened, not yet handed out; aliases buf
	chunk uint64
	err   error
}

// Read hands out opened bytes.
func (r *openReader) Read(p []byte) (int, error) {
	for len(r.plain) == 0 && r.err == nil {
		r.next()
	}
	if len(r.plain) == 0 {
		return 0, r.err
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}

// next opens one chunk. Only the chunk at the end of the source may carry the
// mark, and it must.
func (r *openReader) next() {
	n, err := io.ReadFull(r.src, r.buf)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		r.err = damagedAtEnd(err)
		return
	}
	_, peek := r.src.Peek(1)
	if peek != nil && !errors.Is(peek, io.EOF) {
		r.err = peek
		return
	}
	last := peek != nil
	plain, err := r.gcm.Open(r.buf[:0], nonceOf(r.chunk, last), r.buf[:n], nil)
	if err != nil {
		r.err = ErrDamaged
		return
	}
	r.chunk++
	r.plain = plain
	if last {
		r.err = io.EOF
	}
}

// damagedAtEnd tells a stream that ends too early from a source that failed.
func damagedAtEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrDamaged
	}
	return err
}
