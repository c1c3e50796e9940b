// SPDX-License-Identifier: Apache-2.0
//
// Made by scripts/make-unicode-tables.py from tokenizers 0.21.4, format as told there. Do not edit.

/// What the fast Hugging Face tokenizer knows about each scalar, as text that `UnicodeData` decodes once.
enum UnicodeTables {
  /// Scalars that `clean_text` drops: categories Cc, Cf, Co, and U+FFFD.
  static let removed: StaticString = """
    0,9 2,2 1,i 2n,x d,1 11u,6 m,1 5c,1 1d,1 3cu,1 1ks,5 q,5 1d,5 1,a 11u8,4xs 16n,1 6x,3 1,1 3b3,1 xya,4 43z,8 h4\
    06,1 u,2o 1egw,1eke 2,1eke
    """

  /// Scalars that separate words; `clean_text` turns each into U+0020.
  static let whiteSpace: StaticString = """
    9,5 i,1 2s,1 q,1 4bj,1 1vj,b t,2 5,1 1b,1 334,1
    """

  /// Scalars that are words of their own.
  static let punctuation: StaticString = """
    x,f a,7 q,6 q,4 y,1 5,1 3,1 a,2 3,1 3,1 ji,1 8,1 cy,6 15,2 1f,1 1,1 2,1 2,1 18,2 k,2 1,2 d,1 2,2 22,4 2u,1 17,\
    e 6h,3 1i,f v,1 79,2 a,1 an,1 lf,1 2i,1 a,2 4o,f 1,1 11,4 1z,1 22,5 4,2 33,6 4r,1 h0,9 47,1 h8,2 18,2 26,3 1z,\
    2 4d,3 1,3 11,b 8p,2 60,2 3k,7 1,6 4s,7 4b,4 1n,5 1q,2 1s,8 b,1 n0,o 8,k 1,d 1,c u,2 e,2 hl,4 t,2 u5,e 27,2 v,\
    a b7,m 1r,4 w,2 l7,4 1,2 34,1 3z,1b 1,j ce,3 4,a 2,c g,1 c,1 2q,1 2i,1 mwy,2 7h,3 2r,1 a,1 37,6 ak,4 2e,2 14,3\
     1,1 1d,2 1b,1 2p,d g,2 3g,4 3i,2 g,2 6x,1 g2a,2 5s,a m,z 1,e 1,1 4,1 1,2 45,3 1,6 1,4 a,2 3,2 q,3 1,1 r,1 1,1\
     1,7 be,3 ik,1 1c,1 bi,1 kn,1 5j,1 v,1 7k,9 12,1 34,7 1u,7 2h,4 x6,7 31,2 1,4 3i,4 1c,2 27,5 3,1 d,1 1,3 2g,6 \
    2z,1 f0,1 6y,n 2x,3 6w,3 2lt,5 dtl,2 3p,1 1t,5 8,1 g2i,1 5wn,5
    """

  /// Scalars that `handle_chinese_chars` surrounds with blanks.
  static let ideographs: StaticString = """
    a9s,534 1s,g74 hkw,e8 1fk0,wyo w,3ds 74,49c 85s,f4
    """

  /// Scalars, decomposed already, that `strip_accents` drops.
  static let nonspacingMarks: StaticString = """
    lc,1s 2,1 2,17 7n,5 7d,19 1,1 1,2 1,2 1,1 20,b 1c,l g,1 2t,7 2,6 2,2 1,4 z,1 u,r 2j,b 1m,9 y,4 1,9 1,3 1,5 17,\
    3 3r,w 1j,1 1,1 4,8 4,1 3,7 a,2 t,1 1m,1 4,4 8,1 k,2 t,2 1l,1 4,2 4,2 2,3 3,1 u,2 3,1 b,2 1l,1 4,5 1,2 4,1 k,2\
     t,1 1m,1 2,1 1,4 8,1 8,1 b,2 u,1 1p,1 c,1 1e,1 1p,3 5,2 2,4 7,2 b,2 t,1 1m,1 2,1 6,1 5,2 k,2 t,1 1r,4 8,1 k,2\
     2u,1 7,3 1,1 2i,1 2,7 c,8 2q,1 2,6 1,2 b,6 22,2 r,1 1,1 1,1 1j,2 1,1 2,1 1,6 1,1 1,3 1,2 5,6 1,4 1,4 1,4 1,4 \
    1,4 1,c 1,3 9,1 2u,4 1,6 1,2 2,2 p,2 4,3 g,4 d,1 2,2 6,1 f,1 jj,3 qa,3 t,3 t,2 u,2 1s,2 1,7 8,1 2,b 9,1 19,3 4\
    b,1 3a,3 4,2 9,1 6,3 63,2 2,1 1m,1 1,7 1,1 1,1 2,8 6,a 2,1 1c,e 1u,4 1c,1 1,5 1,1 5,1 14,9 c,2 w,4 2,2 1,3 1k,\
    1 1,2 3,1 1,3 1m,8 2,2 48,3 1,d 1,7 4,1 6,1 3,2 5i,1i 6,4 k0,d 4,1 3,c 2da,3 3x,1 2o,w fe,4 2z,2 n9w,1 4,a w,2\
     28,2 7k,1 3,1 4,1 p,2 4d,1 r,i 1g,8 p,b 1a,3 1c,1 2,4 2,1 14,1 1v,6 2,2 2,2 c,1 8,1 1b,1 1f,1 1,3 2,2 5,2 1,1\
     16,2 8,1 6m,1 2,1 4,1 fn4,1 kh,g g,g r1,1 6a,1 45,5 1ae,3 1,2 5,4 14,3 4,1 4l,2 10a,1 1i,f 1k,3 1d,4 2,2 1x,3\
     10,5 1,1 2,5 1q,1 c,2 1g,9 b,3 2q,3 2,1 1,2 4n,1 3,8 l,2 1m,1 3,1 11,7 3,5 8u,6 1,1 4,2 1,2 6m,4 6,2 1,2 r,2 \
    2d,8 2,1 1,2 2y,1 1,1 2,6 1,1 2t,3 2,4 1,5 gjo,5 1n,7 uw,4 f7u,2 43s,3 h,8 2,7 u,4 44,3 1iz,1j 4,1e 8,1 e,1 m,\
    5 1,f 2sg,7 gzl5,6o
    """

  /// The regex `\w`: beside one, a `single_word` token is not recognised.
  static let wordNeighbours: StaticString = """
    1c,a 7,q 4,1 1,q 1b,1 a,1 4,1 5,n 1,v 1,cq 4,c e,5 7,1 1,1 h,39 1,2 2,4 1,1 6,1 1,3 1,1 1,k 1,2b 1,3v 1,4t 1,1\
    2 2,1 6,15 8,19 1,1 1,2 1,2 1,1 8,r 4,4 t,b 5,22 4,2u 1,8 2,a 1,j 2,1 g,1n 2,2t e,1i 4,1 2,1 2,1a i,s 4,b 5,o \
    1,6 8,23 1,3l 2,a 1,j 1,8 2,2 2,m 1,7 1,1 3,4 2,9 2,2 2,4 8,1 4,2 1,5 2,c a,1 1,1 2,3 1,6 4,2 2,m 1,7 1,2 1,2 \
    1,2 2,1 1,5 4,2 2,3 3,1 7,4 1,1 7,g b,3 1,9 1,3 1,m 1,7 1,2 1,5 2,a 1,3 1,3 2,1 f,4 2,a 9,7 1,3 1,8 2,2 2,m 1,\
    7 1,2 1,5 2,9 2,2 2,3 7,3 4,2 1,5 2,a 1,1 g,2 1,6 3,3 1,4 3,2 1,1 1,2 3,2 3,3 3,c 4,5 3,3 1,4 2,1 6,1 e,a g,d \
    1,3 1,n 1,g 2,9 1,3 1,4 7,2 1,3 2,1 2,4 2,a g,4 1,8 1,3 1,n 1,a 1,5 2,9 1,3 1,4 7,2 6,2 1,4 2,a 1,3 c,d 1,3 1,\
    1f 1,3 1,5 5,4 7,5 2,a a,6 1,3 1,i 3,o 1,9 1,1 2,7 3,1 4,6 1,1 1,8 6,a 2,2 d,1m 5,f 1,a 13,2 1,1 1,5 1,o 1,1 1\
    ,n 2,5 1,1 1,7 1,a 2,4 w,1 n,2 6,a b,1 1,1 1,1 4,a 1,10 4,k 1,i 1,10 9,1 1l,22 6,26 2,12 1,1 5,1 2,17 1,99 1,4\
     2,7 1,1 1,4 2,15 1,4 2,x 1,4 2,7 1,1 1,4 2,f 1,1l 1,4 2,1v 2,3 w,g g,2e 2,6 3,h8 2,h 1,q 5,23 3,b 7,m 9,m b,k\
     c,d 1,3 1,2 c,2c 3,1 4,2 2,a x,3 1,b 6,2h 7,17 5,1y a,v 1,c 4,c a,14 2,5 b,18 4,q 6,a 12,s 4,1r 1,t 2,b 6,a d\
    ,1 8,v 1d,25 3,a h,9 c,38 c,1k 8,a 3,1d 2,b 5,17 2,3 g,3 1,13 5,eu 2,6 2,12 2,6 2,8 1,1 1,1 1,1 1,v 2,1h 1,7 1\
    ,1 3,3 1,7 3,4 2,6 4,d 5,3 1,7 f,2 1d,2 j,1 s,1 d,1 g,d 1f,x h,1 4,1 2,a 1,1 3,5 6,1 1,1 1,1 1,4 1,b 2,4 5,5 4\
    ,1 h,15 ml,1g 1ee,6d 6,9 c,12 1,1 5,1 2,1k 7,1 f,o 9,7 1,7 1,7 1,7 1,7 1,7 1,7 1,7 1,w 1b,1 d1,3 p,f 1,5 2,5 4\
    ,2e 2,2 2,3 1,2i 1,4 5,17 1,2m h,w 1c,g e8,534 1s,h3h 1v,1a 2,7h 3,s k,1f 1,a 1,37 11,9 2,2v 2,1v 2,2 1,1 1,8 \
    l,1i 4,1 j,1g c,1y a,a 6,o 3,1 1,1d 2,10 c,t 3,1t e,b 6,v 1,1j 9,e 2,a 6,n 3,21 o,3 2,g 2,5 a,6 2,6 2,6 9,7 1,\
    7 1,17 1,e 6,3f 1,2 2,a 6,8mc c,n 4,1d 6is,a6 2,2y 12,7 c,5 5,c 1,d 1,5 1,1 1,2 1,2 1,30 x,a3 i,1s 2,1i 14,c 4\
    ,g g,g 3,2 o,3 w,5 1,3r j,a 7,q 4,1 1,q b,2h 3,6 2,6 2,6 2,3 z,c 1,q 1,j 1,2 1,f 2,e y,3f 1x,1h 3s,1 3m,t 3,1d\
     f,1 v,w d,u 5,17 5,u 2,10 4,8 1,5 16,4e 2,a 6,10 4,10 4,14 8,1g c,b 1,f 1,7 1,2 1,b 1,f 1,7 1,2 3,1g c,8n 9,m\
     a,8 o,6 1,16 1,9 1x,6 2,1 1,18 1,2 3,1 2,n a,n 9,v 1t,j 1,2 a,m a,q 1y,1k 6,2 1s,4 1,2 5,8 1,3 1,t 2,3 4,1 w,\
    t 3,t z,8 1,u p,1i a,m a,j d,i 32,21 1j,1f d,1f d,14 8,a 6,12 3,5 1,n 6y,16 1,2 3,2 g,3 1j,x a,1 8,x v,m 16,l \
    r,n 9,1z v,g 9,1o 7,1 d,p 7,a 6,1h 1,a 4,4 8,10 2,1 9,1x 4,4 1,d 1,1 z,i 1,11 6,4 1q,7 1,1 1,4 1,f 1,a 7,1n 5,\
    a 6,4 1,8 2,2 2,m 1,7 1,2 1,5 1,a 2,2 2,3 2,1 6,1 5,7 2,7 3,5 b,a 1,1 2,1 1,12 1,a 1,1 2,1 1,4 1,8 d,2 t,23 5,\
    a 4,4 u,1y 1,1 8,a 4m,1i 2,9 n,6 y,1t 3,1 b,a 12,1l 7,a 6,k s,r 2,f 4,a 6,7 55,1n 2t,22 l,8 2,1 2,8 1,2 1,u 1,\
    2 2,9 c,a 1y,8 2,1a 2,8 1,2 r,1r 8,1 8,22 3,1 i,21 5j,x f,a 6,9 1,19 1,9 f,a o,u 2,m 1,e 21,7 1,2 1,18 3,1 1,2\
     1,9 8,a 6,6 1,2 1,11 1,2 1,6 7,a 8m,n 9,h 1,15 3,5 d,b 2d,1 27,pm 2u,33 h,5g 218,2p f,ts g,m a,32z 5,g7 5a1,1\
    m 1c6,ft 7,v 1,a 6,27 1,a 6,u 2,5 b,1j 9,4 c,a 9,l 5,j c0,19 3,a 5i,1s 3k,23 4,1l 7,h 1s,2 1,2 b,2 e,4qg 8,ye \
    15,a 6w7,4 1,7 1,2 1,83 f,1 t,3 2,1 e,4 8,b0 1s4,2z 5,d 3,9 7,a 3,2 381,a ee,1a 2,n f2,5 3,6 8,8 2,7 u,4 44,3 \
    cb,2d 1,1z 1,2 2,1 2,2 2,4 1,c 1,1 1,7 1,1t 1,4 2,8 1,7 1,s 1,4 1,5 1,1 3,7 1,9g 2,p 1,p 1,v 1,p 1,v 1,p 1,v 1\
    ,p 1,v 1,p 1,8 2,1e e8,1j 4,1e 8,1 e,1 m,5 1,f uo,v 6,6 5x,7 1,h 2,7 1,2 1,5 5,1q x,1 34,19 3,e 2,a 4,1 8x,v h\
    ,1m d2,16 5y,17 dh,7 1,4 1,2 1,f 1,5h b,7 15,24 4,a x2,4 1,r 1,2 1,1 2,1 1,a 1,4 1,1 1,1 6,1 4,1 1,1 1,1 1,3 1\
    ,2 1,1 2,1 1,1 1,1 1,1 1,1 1,2 1,1 2,4 1,7 1,4 1,4 1,1 1,a 1,h 5,3 1,5 1,h hg,q 6,q 6,q 21y,a sm,wyo w,37e 6,6\
    6 2,4g2 e,5rl f,ha 1wi,f2 15u,3t7 5,38g f9e8,6o
    """

  /// `class:ranges` per canonical combining class, separated by `|`.
  static let combiningClasses: StaticString = """
    1:ms,5 523,1 d,7 rt,2 4,3 a,2 3,2 1a31,1 j3q,5 g4p,1 43s,3|7:1to,1 3j,1 3j,1 3j,1 3j,1 an,1 oq,1 264,1 4x,1 28\
    ,1 ry3,1 kcm,1 54,1 2e,1 2z,1 4y,1 2a,1 7d,1 3g,1 70,1 6u,1 15le,1|8:9ll,2|9:1u5,1 3j,1 3j,1 3j,1 3j,1 3j,1 3j\
    ,1 3j,1 3j,1 3g,1 33,1 95,1 50,2 1cp,1 v,1 4d,1 i5,1 6b,1 2t,2 1y,2 3gr,1 o7a,1 59,1 3y,1 30,1 8l,1 6u,1 imp,1\
     16u,1 1k,1 1l,1 3d,2 3v,1 38,1 50,1 2q,1 6s,1 3j,1 70,1 3j,1 3a,1 38,1 103,1|a:14g,1|b:14h,1|c:14i,1|d:14j,1|\
    e:14k,1|f:14l,1|g:14m,1|h:14n,1|i:14o,1 e,1|j:14p,2|k:14r,1|l:14s,1|m:14t,1|n:14v,1|o:14x,1|p:14y,1|q:1dlq,1|r\
    :18r,1 is,1|s:18s,1 is,1|t:18t,1 is,1|u:17c,1 1h,1|v:17d,1 1h,1|w:17e,1 1h,1|x:18x,1|y:18y,1|z:19s,1|10:1e9,1|\
    2c:2fp,1|2j:2fq,1|2v:2t4,2|2z:2tk,4|3a:2wo,2|3e:2x4,4|3l:31t,1|3m:31u,1 7,4 2,1|3o:31w,1|5m:m9,2 4,2 59j,1|5y:\
    5vy,1|60:m3,1 2e5,1 2gx7,2 7,5|62:9ii,1|64:ly,4 2,5 2,4 2,b 5,4 a,3 3,2 4,4 2,2 fq,1 4,1 4,1 6,6 2,1 q,1 3z,2 \
    5,1 2,1 3n,1 6,1 2,1 1v,1 2,1 2,3 1,2 1,1 3,1 1,1 1,1 1,1 4p,1 2u,3 3r,1 2,1 2,1 3,3 6,1 2,2 2f,1 151,2 r,1 1,\
    1 3y,1 5i,1 1pp,1 64,1 2u,1 1h,6 2,1 4u,1 a0,5 2,4 d,1 5w,1 7,1 4,1 19,1 1,1 ko,1 3,4 qwr,3 au,1 ghe,7 r3,1 6a\
    ,1 1f0,1 18,1 4r,1 1384,8 7,2 4lg,7|66:13u,1 i,1 3uz,1 4j7,1|68:9im,2|6a:2jxp,1|6c:14e,1 3qy,1 4n5,1|6e:lc,l 1\
    4,3 2,1 3,1 3,3 3,3 4,1 3,1 7,d 7n,5 7e,4 1,3 2,6 6,2 1,2 2,1 k,1 23,8 1n,2 2,5 1,2 3b,7 2,4 1,1 2,2 2,2 1v,1 \
    1,2 1,2 3,1 2,1 1,3 1,1 1,1 1,1 1,2 4g,7 1,1 y,4 1,9 1,3 1,5 4m,e 2,2 1,2 1,3 6,3 1,2 2,5 29,1 1,2 17x,2 2,2 r\
    9,3 vx,1 9o,1 64,1 2l,8 1f,5 6,2 4u,1 1,7 9o,3 7,2 4,1 j,1 3,2 5i,2 1,7 1,2 4,11 5,1 2,1 k1,2 2,4 3,2 4,1 5,1 \
    1,1 6,1 2da,3 6m,w nsf,1 4,a w,2 28,2 dq,i ce,1 1,2 3,2 5,2 1,1 ggu,7 7,2 11i,5 1as,1 14,1 4s,1 17e,3 gz,7 3,5\
     hbv,7 k7i,5 w,4 44,3 2pn,7 1,h 2,7 1,2 1,5 1sp,6|6g:lx,1 4,1 1p,1 8ur,1|6h:nw,1 2,1 2,1 595,1|6i:nx,2 1,2 57v\
    ,1|6o:n9,1
    """

  /// Full canonical decompositions, without Hangul (arithmetic).
  static let decompositions: StaticString = """
    5c,6:1t.lc;1t.ld;1t.le;1t.lf;1t.lk;1t.lm 1,9:1v.mf;1x.lc;1x.ld;1x.le;1x.lk;21.lc;21.ld;21.le;21.lk 1,6:26.lf;2\
    7.lc;27.ld;27.le;27.lf;27.lk 2,5:2d.lc;2d.ld;2d.le;2d.lk;2h.ld 2,6:2p.lc;2p.ld;2p.le;2p.lf;2p.lk;2p.lm 1,9:2r.\
    mf;2t.lc;2t.ld;2t.le;2t.lk;2x.lc;2x.ld;2x.le;2x.lk 1,6:32.lf;33.lc;33.ld;33.le;33.lf;33.lk 2,5:39.lc;39.ld;39.\
    le;39.lk;3d.ld 1,h:3d.lk;1t.lg;2p.lg;1t.li;2p.li;1t.mg;2p.mg;1v.ld;2r.ld;1v.le;2r.le;1v.lj;2r.lj;1v.lo;2r.lo;1\
    w.lo;2s.lo 2,k:1x.lg;2t.lg;1x.li;2t.li;1x.lj;2t.lj;1x.mg;2t.mg;1x.lo;2t.lo;1z.le;2v.le;1z.li;2v.li;1z.lj;2v.lj\
    ;1z.mf;2v.mf;20.le;2w.le 2,9:21.lf;2x.lf;21.lg;2x.lg;21.li;2x.li;21.mg;2x.mg;21.lj 3,4:22.le;2y.le;23.mf;2z.mf\
     1,6:24.ld;30.ld;24.mf;30.mf;24.lo;30.lo 4,6:26.ld;32.ld;26.mf;32.mf;26.lo;32.lo 3,6:27.lg;33.lg;27.li;33.li;2\
    7.ln;33.ln 2,i:2a.ld;36.ld;2a.mf;36.mf;2a.lo;36.lo;2b.ld;37.ld;2b.le;37.le;2b.mf;37.mf;2b.lo;37.lo;2c.mf;38.mf\
    ;2c.lo;38.lo 2,n:2d.lf;39.lf;2d.lg;39.lg;2d.li;39.li;2d.lm;39.lm;2d.ln;39.ln;2d.mg;39.mg;2f.le;3b.le;2h.le;3d.\
    le;2h.lk;2i.ld;3e.ld;2i.lj;3e.lj;2i.lo;3e.lo x,2:27.m3;33.m3 d,2:2d.m3;39.m3 s,g:1t.lo;2p.lo;21.lo;2x.lo;27.lo\
    ;33.lo;2d.lo;39.lo;2d.lk.lg;39.lk.lg;2d.lk.ld;39.lk.ld;2d.lk.lo;39.lk.lo;2d.lk.lc;39.lk.lc 1,6:1t.lk.lg;2p.lk.\
    lg;1t.lj.lg;2p.lj.lg;5i.lg;6e.lg 2,b:1z.lo;2v.lo;23.lo;2z.lo;27.mg;33.mg;27.mg.lg;33.mg.lg;c7.lo;ia.lo;2y.lo 3\
    ,2:1z.ld;2v.ld 2,10:26.lc;32.lc;1t.lm.ld;2p.lm.ld;5i.ld;6e.ld;60.ld;6w.ld;1t.lr;2p.lr;1t.lt;2p.lt;1x.lr;2t.lr;\
    1x.lt;2t.lt;21.lr;2x.lr;21.lt;2x.lt;27.lr;33.lr;27.lt;33.lt;2a.lr;36.lr;2a.lt;36.lt;2d.lr;39.lr;2d.lt;39.lt;2b\
    .me;37.me;2c.me;38.me 2,2:20.lo;2w.lo 6,e:1t.lj;2p.lj;1x.mf;2t.mf;27.lk.lg;33.lk.lg;27.lf.lg;33.lf.lg;27.lj;33\
    .lj;27.lj.lg;33.lj.lg;2h.lg;3d.lg 7g,2:lc;ld 1,2:lv;lk.ld 1b,1:jd 9,1:1n 6,6:4o.ld;pd.ld;53;ph.ld;pj.ld;pl.ld \
    1,1:pr.ld 1,3:px.ld;q1.ld;qh.lk.ld p,7:pl.lk;px.lk;q9.ld;qd.ld;qf.ld;qh.ld;qt.lk.ld p,5:qh.lk;qt.lk;qn.ld;qt.l\
    d;qx.ld 4,2:r6.ld;r6.lk 17,2:t1.lc;t1.lk 1,1:sz.ld 3,1:sm.lk 4,3:t6.ld;t4.lc;tf.li a,1:t4.li v,1:u0.li m,2:tx.\
    lc;tx.lk 1,1:tv.ld 3,1:uu.lk 4,3:u2.ld;u0.lc;ub.li n,2:vo.lr;vp.lr 21,2:t2.li;ty.li d,4:sw.li;ts.li;sw.lk;ts.l\
    k 2,2:t1.li;tx.li 2,6:yg.lk;yh.lk;t2.lk;ty.lk;t3.lk;tz.lk 2,6:t4.lg;u0.lg;t4.lk;u0.lk;ta.lk;u6.lk 2,c:yw.lk;yx\
    .lk;tp.lk;ul.lk;tf.lg;ub.lg;tf.lk;ub.lk;tf.ln;ub.ln;tj.lk;uf.lk 2,2:tn.lk;uj.lk 88,5:17r.18z;17r.190;18o.190;1\
    7r.191;18q.190 49,1:1cl.190 1,1:1c1.190 g,1:1ci.190 gl,1:1t4.1to 7,1:1tc.1to 2,1:1tf.1to z,8:1sl.1to;1sm.1to;1\
    sn.1to;1ss.1to;1sx.1to;1sy.1to;1t7.1to;1tb.1to 2z,2:1xj.1xa;1xj.1xz f,2:1wh.1x8;1wi.1x8 1,1:1wv.1x8 2b,1:20i.2\
    0s 2,1:20o.20s y,3:1zq.20s;1zr.20s;1zw.20s 2,1:20b.20s 6h,1:287.28m 2,2:287.27y;287.28n f,2:275.27w;276.27w 1i\
    ,1:2aa.2c7 1h,3:2bq.2bi;2br.2bi;2bq.2c7 3f,1:2fa.2fq 3b,1:2in.2j9 6,2:2iu.2j9;2iu.2ja 1,2:2iu.2iq;2iu.2iq.2j9 \
    3i,3:2me.2m6;2mf.2m6;2me.2mv 3x,1:2qh.2q2 1,3:2qh.2q7;2qh.2q7.2q2;2qh.2qn 9w,1:30i.33r 9,1:30s.33r 4,1:30x.33r\
     4,1:312.33r 4,1:317.33r c,1:30g.33p 9,1:31t.31u 1,2:31t.31w;33m.328 1,1:33n.328 8,1:31t.328 h,1:32q.33r 9,1:3\
    30.33r 4,1:335.33r 4,1:33a.33r 4,1:33f.33r c,1:32o.33p 30,1:36t.372 25b,1:5c5.5dh 1,1:5c7.5dh 1,1:5c9.5dh 1,1:\
    5cb.5dh 1,1:5cd.5dh 3,1:5ch.5dh 14,1:5dm.5dh 1,1:5do.5dh 2,2:5dq.5dh;5dr.5dh 1,1:5du.5dh jg,4a:1t.md;2p.md;1u.\
    lj;2q.lj;1u.mb;2q.mb;1u.mp;2q.mp;1v.mf.ld;2r.mf.ld;1w.lj;2s.lj;1w.mb;2s.mb;1w.mp;2s.mp;1w.mf;2s.mf;1w.ml;2s.ml\
    ;1x.lg.lc;2t.lg.lc;1x.lg.ld;2t.lg.ld;1x.ml;2t.ml;1x.mo;2t.mo;1x.mf.li;2t.mf.li;1y.lj;2u.lj;1z.lg;2v.lg;20.lj;2\
    w.lj;20.mb;2w.mb;20.lk;2w.lk;20.mf;2w.mf;20.mm;2w.mm;21.mo;2x.mo;21.lk.ld;2x.lk.ld;23.ld;2z.ld;23.mb;2z.mb;23.\
    mp;2z.mp;24.mb;30.mb;24.mb.lg;30.mb.lg;24.mp;30.mp;24.ml;30.ml;25.ld;31.ld;25.lj;31.lj;25.mb;31.mb;26.lj;32.lj\
    ;26.mb;32.mb;26.mp;32.mp;26.ml;32.ml;27.lf.ld;33.lf.ld;27.lf.lk;33.lf.lk;27.lg.lc;33.lg.lc;27.lg.ld;33.lg.ld;2\
    8.ld;34.ld;28.lj;34.lj;2a.lj;36.lj;2a.mb;36.mb;2a.mb.lg;36.mb.lg;2a.mp;36.mp;2b.lj;37.lj;2b.mb;37.mb;2b.ld.lj;\
    37.ld.lj;2b.lo.lj;37.lo.lj;2b.mb.lj;37.mb.lj;2c.lj;38.lj;2c.mb;38.mb;2c.mp;38.mp;2c.ml;38.ml;2d.mc;39.mc;2d.mo\
    ;39.mo;2d.ml;39.ml;2d.lf.ld;39.lf.ld;2d.lg.lk;39.lg.lk;2e.lf;3a.lf;2e.mb;3a.mb;2f.lc;3b.lc;2f.ld;3b.ld;2f.lk;3\
    b.lk;2f.lj;3b.lj;2f.mb;3b.mb;2g.lj;3c.lj;2g.lk;3c.lk;2h.lj;3d.lj;2i.le;3e.le;2i.mb;3e.mb;2i.mp;3e.mp;2w.mp;38.\
    lk;3b.lm;3d.lm 1,1:an.lj 4,2i:1t.mb;2p.mb;1t.ll;2p.ll;1t.le.ld;2p.le.ld;1t.le.lc;2p.le.lc;1t.le.ll;2p.le.ll;1t\
    .le.lf;2p.le.lf;1t.mb.le;2p.mb.le;1t.li.ld;2p.li.ld;1t.li.lc;2p.li.lc;1t.li.ll;2p.li.ll;1t.li.lf;2p.li.lf;1t.m\
    b.li;2p.mb.li;1x.mb;2t.mb;1x.ll;2t.ll;1x.lf;2t.lf;1x.le.ld;2t.le.ld;1x.le.lc;2t.le.lc;1x.le.ll;2t.le.ll;1x.le.\
    lf;2t.le.lf;1x.mb.le;2t.mb.le;21.ll;2x.ll;21.mb;2x.mb;27.mb;33.mb;27.ll;33.ll;27.le.ld;33.le.ld;27.le.lc;33.le\
    .lc;27.le.ll;33.le.ll;27.le.lf;33.le.lf;27.mb.le;33.mb.le;27.m3.ld;33.m3.ld;27.m3.lc;33.m3.lc;27.m3.ll;33.m3.l\
    l;27.m3.lf;33.m3.lf;27.m3.mb;33.m3.mb;2d.mb;39.mb;2d.ll;39.ll;2d.m3.ld;39.m3.ld;2d.m3.lc;39.m3.lc;2d.m3.ll;39.\
    m3.ll;2d.m3.lf;39.m3.lf;2d.m3.mb;39.m3.mb;2h.lc;3d.lc;2h.mb;3d.mb;2h.ll;3d.ll;2h.lf;3d.lf 6,m:q9.lv;q9.lw;q9.l\
    v.lc;q9.lw.lc;q9.lv.ld;q9.lw.ld;q9.lv.n6;q9.lw.n6;pd.lv;pd.lw;pd.lv.lc;pd.lw.lc;pd.lv.ld;pd.lw.ld;pd.lv.n6;pd.\
    lw.n6;qd.lv;qd.lw;qd.lv.lc;qd.lw.lc;qd.lv.ld;qd.lw.ld 2,6:ph.lv;ph.lw;ph.lv.lc;ph.lw.lc;ph.lv.ld;ph.lw.ld 2,12\
    :qf.lv;qf.lw;qf.lv.lc;qf.lw.lc;qf.lv.ld;qf.lw.ld;qf.lv.n6;qf.lw.n6;pj.lv;pj.lw;pj.lv.lc;pj.lw.lc;pj.lv.ld;pj.l\
    w.ld;pj.lv.n6;pj.lw.n6;qh.lv;qh.lw;qh.lv.lc;qh.lw.lc;qh.lv.ld;qh.lw.ld;qh.lv.n6;qh.lw.n6;pl.lv;pl.lw;pl.lv.lc;\
    pl.lw.lc;pl.lv.ld;pl.lw.ld;pl.lv.n6;pl.lw.n6;qn.lv;qn.lw;qn.lv.lc;qn.lw.lc;qn.lv.ld;qn.lw.ld 2,6:pr.lv;pr.lw;p\
    r.lv.lc;pr.lw.lc;pr.lv.ld;pr.lw.ld 2,8:qt.lv;qt.lw;qt.lv.lc;qt.lw.lc;qt.lv.ld;qt.lw.ld;qt.lv.n6;qt.lw.n6 1,1:p\
    x.lw 1,1:px.lw.lc 1,1:px.lw.ld 1,v:px.lw.n6;qx.lv;qx.lw;qx.lv.lc;qx.lw.lc;qx.lv.ld;qx.lw.ld;qx.lv.n6;qx.lw.n6;\
    q1.lv;q1.lw;q1.lv.lc;q1.lw.lc;q1.lv.ld;q1.lw.ld;q1.lv.n6;q1.lw.n6;q9.lc;q9.ld;qd.lc;qd.ld;qf.lc;qf.ld;qh.lc;qh\
    .ld;qn.lc;qn.ld;qt.lc;qt.ld;qx.lc;qx.ld 2,1h:q9.lv.n9;q9.lw.n9;q9.lv.lc.n9;q9.lw.lc.n9;q9.lv.ld.n9;q9.lw.ld.n9\
    ;q9.lv.n6.n9;q9.lw.n6.n9;pd.lv.n9;pd.lw.n9;pd.lv.lc.n9;pd.lw.lc.n9;pd.lv.ld.n9;pd.lw.ld.n9;pd.lv.n6.n9;pd.lw.n\
    6.n9;qf.lv.n9;qf.lw.n9;qf.lv.lc.n9;qf.lw.lc.n9;qf.lv.ld.n9;qf.lw.ld.n9;qf.lv.n6.n9;qf.lw.n6.n9;pj.lv.n9;pj.lw.\
    n9;pj.lv.lc.n9;pj.lw.lc.n9;pj.lv.ld.n9;pj.lw.ld.n9;pj.lv.n6.n9;pj.lw.n6.n9;qx.lv.n9;qx.lw.n9;qx.lv.lc.n9;qx.lw\
    .lc.n9;qx.lv.ld.n9;qx.lw.ld.n9;qx.lv.n6.n9;qx.lw.n6.n9;q1.lv.n9;q1.lw.n9;q1.lv.lc.n9;q1.lw.lc.n9;q1.lv.ld.n9;q\
    1.lw.ld.n9;q1.lv.n6.n9;q1.lw.n6.n9;q9.li;q9.lg;q9.lc.n9;q9.n9;q9.ld.n9 1,7:q9.n6;q9.n6.n9;pd.li;pd.lg;pd.lc;pd\
    .ld;pd.n9 1,1:qh 2,4:4o.n6;qf.lc.n9;qf.n9;qf.ld.n9 1,e:qf.n6;qf.n6.n9;ph.lc;ph.ld;pj.lc;pj.ld;pj.n9;69r.lc;69r\
    .ld;69r.n6;qh.li;qh.lg;qh.lk.lc;qh.lk.ld 2,6:qh.n6;qh.lk.n6;pl.li;pl.lg;pl.lc;pl.ld 1,j:6bi.lc;6bi.ld;6bi.n6;q\
    t.li;qt.lg;qt.lk.lc;qt.lk.ld;qp.lv;qp.lw;qt.n6;qt.lk.n6;px.li;px.lg;px.lc;px.ld;pt.lw;4o.lc;4o.ld;2o 2,3:qx.lc\
    .n9;qx.n9;qx.ld.n9 1,8:qx.n6;qx.n6.n9;pr.lc;pr.ld;q1.lc;q1.ld;q1.n9;50 2,2:6bm;6bn 84,1:q1 3,2:23;1t.lm 32,2:6\
    mo.mw;6mq.mw i,1:6ms.mw u,3:6og.mw;6ok.mw;6oi.mw 1g,1:6pv.mw 4,1:6q0.mw 2,1:6q3.mw n,1:6qr.mw 1,1:6qt.mw q,1:6\
    rg.mw 2,1:6rn.mw 2,1:6rp.mw 1,1:6rs.mw m,1:1p.mw 1,1:6sh.mw a,5:6rx.mw;1o.mw;1q.mw;6sk.mw;6sl.mw 2,2:6sy.mw;6s\
    z.mw 2,2:6t2.mw;6t3.mw 6,2:6t6.mw;6t7.mw 2,2:6te.mw;6tf.mw 2,2:6ti.mw;6tj.mw y,4:6ua.mw;6ug.mw;6uh.mw;6uj.mw 1\
    c,4:6t8.mw;6t9.mw;6tt.mw;6tu.mw 6,4:6uq.mw;6ur.mw;6us.mw;6ut.mw 1n,2:9hk;9hl 1ip,1:8gt.mw 12n,1:9jf.9ll 1,1:9j\
    h.9ll 1,1:9jj.9ll 1,1:9jl.9ll 1,1:9jn.9ll 1,1:9jp.9ll 1,1:9jr.9ll 1,1:9jt.9ll 1,1:9jv.9ll 1,1:9jx.9ll 1,1:9jz.\
    9ll 1,1:9k1.9ll 2,1:9k4.9ll 1,1:9k6.9ll 1,1:9k8.9ll 6,2:9kf.9ll;9kf.9lm 1,2:9ki.9ll;9ki.9lm 1,2:9kl.9ll;9kl.9l\
    m 1,2:9ko.9ll;9ko.9lm 1,2:9kr.9ll;9kr.9lm m,1:9ja.9ll 9,1:9lp.9ll d,1:9m3.9ll 1,1:9m5.9ll 1,1:9m7.9ll 1,1:9m9.\
    9ll 1,1:9mb.9ll 1,1:9md.9ll 1,1:9mf.9ll 1,1:9mh.9ll 1,1:9mj.9ll 1,1:9ml.9ll 1,1:9mn.9ll 1,1:9mp.9ll 2,1:9ms.9l\
    l 1,1:9mu.9ll 1,1:9mw.9ll 6,2:9n3.9ll;9n3.9lm 1,2:9n6.9ll;9n6.9lm 1,2:9n9.9ll;9n9.9lm 1,2:9nc.9ll;9nc.9lm 1,2:\
    9nf.9ll;9nf.9lm m,1:9ly.9ll 2,4:9nz.9ll;9o0.9ll;9o1.9ll;9o2.9ll 3,1:9od.9ll 13i9,7i:rpk;kc4;s7e;rt4;lw1;fg2;gk\
    l;vj0;vj0;hn5;ssx;gw7;hmw;jcm;ne1;p6t;qin;qt6;r20;sjz;kxu;ljv;mah;mvy;q4d;sq2;uep;fia;ghh;l50;mjf;qi5;v8e;ifk;\
    m3v;qfh;r50;jih;pnc;qvz;iq2;kd3;lm2;mpo;slq;fpi;g53;gda;jwk;l3n;mj4;nhj;pa9;qh2;qjg;s1b;tv6;upb;v7e;nt8;nzz;ot\
    c;q15;t1g;vb3;rfa;hjz;iro;okg;pdq;mle;nuy;rsy;ttj;hjs;i8y;kyb;lp6;lxr;oq7;oxj;tor;gcy;pe3;g64;g5o;o4c;ou6;q29;\
    tpx;rk0;jin;kxu;rge;fg9;i5j;iz6;mtj;n74;gev;nwb;fr3;iw9;ff1;lho;k1k;opu;gjn;hge;ni9;q4p;re2;la2;sds;lfs;jjy;pu\
    t;jog;n6t;fji;g2x;g5l;kn5;oo7;prj;rf6;ssv;gdx;gn6;ho3;ir0;k3p;m4e;nxm;tkd;ui2;vbr;vda;gbf;kau;l87;sbm;ino;j9s;\
    jcw;jve;lyb;mdl;n0p;o22;ovo;pdb;s9y;q9a;sgz;t3e;g7r;gbn;gql;ma0;r0i;re2;iq1;iyd;jnf;l9q;oji;mt1;fl0;h6h;i5j;ii\
    i;izg;muq;mzt;p7e;pc6;svo;tti;tvs;u1k;fpn;o1a;ss4;trs;j4x;fie;fyy;i5q;i7z;k2h;kxu;mha;ncy;q9o;sjg;vil;k94;tny;\
    gax;kfv;kj7;lkx;luk;mx5;n6h;nsb;opc;u3i;g31;je6;tq0;fu3;ie1;lpm;sa2;ivf;j7o;kk7;mtj;tqe;g89;glr;i91;k5v;kem;ko\
    8;lid;mx2;naa;p6h;r0v;r1d;sss;tsy;gfz;lve;gm5;mhc;n14;qgq;tr7;uvr;vbz;kgn;lor;pns;o97;obk;olu;mo0;m8p;riw;fk0;\
    px2;g8q;g7b;ip2;jir;onq;i2t;ljy;kac;saj;qx8;tot;r63;iqb;g1s;gxs 2,1:hga 1,1:k8k 2,a:g66;mqy;ngq;ny4;nz2;nz9;o0\
    f;tw6;on2;p8d 1,1:qhe 1,1:rg8 2,2:shk;sn1 3,1w:u7j;u7w;u94;v5g;sm6;trr;fqm;fzb;g25;gcp;gdg;ggh;gwt;gzq;h2g;hfk\
    ;hig;i90;i9a;j2s;j8o;j9q;jci;k0f;k4i;k9d;kn9;lmf;lqy;lya;mem;mjv;mxu;ntd;ny6;nyh;nyg;nyo;nyu;nz1;o0d;o0e;o5c;o\
    75;og0;ovo;ow9;oxt;p6a;pad;pnx;prt;prt;q53;r2o;r6e;rgh;ri1;rtf;ruw;sdy;shk;tsz;u0v;u2j;j1x;36cu;pp4 2,2y:ffq;g\
    51;g2w;fpc;g1x;g3k;gcn;ge2;gwt;gut;gwp;gyq;hga;hir;hms;hn8;huq;i08;iqa;iqh;iuh;iwd;j4o;j7y;j60;j9q;j8g;jci;jec\
    ;jpg;jrw;jte;k0m;k8k;kd3;kd7;keu;l89;la2;lkx;lwb;lvv;lya;m5a;mem;nmv;mk5;mnj;mqy;n01;n46;n5n;nbx;nbz;ngq;nh7;n\
    hw;nka;nk0;nv0;o8h;og0;ol7;orf;ovo;p4u;pad;pxu;q27;qrd;r41;r5y;r6e;ren;rg8;rez;rgh;rge;rfx;ri1;rka;ruw;sag;sj6\
    ;srd;sxi;tq4;tsz;tw6;tzv;u0v;u17;u2j;umq;vj0;313e;3138;33dh;brx;cns;cop;39e1;3bgw;3i6r;vgj;vim 1v,1:15l.14k 1,\
    1:16a.14n a,d:161.14x;161.14y;161.14s.14x;161.14s.14y;15c.14n;15c.14o;15c.14s;15d.14s;15e.14s;15f.14s;15g.14s;\
    15h.14s;15i.14s 1,5:15k.14s;15l.14s;15m.14s;15n.14s;15o.14s 1,1:15q.14s 1,2:15s.14s;15t.14s 1,2:15v.14s;15w.14\
    s 1,9:15y.14s;15z.14s;160.14s;161.14s;162.14s;15h.14p;15d.14v;15n.14v;15w.14v 47f,1:1huh.1hve 1,1:1huj.1hve e,\
    1:1hut.1hve 3m,2:1hyp.1hyf;1hyq.1hyf ez,2:1idj.1ida;1idj.1idz a6,2:1int.1inu;1int.1ink 1,1:1int.1inx 6z,2:1iuw\
    .1iun;1iux.1iun 112a,7:2jx3.2jxh;2jx4.2jxh;2jx4.2jxh.2jxq;2jx4.2jxh.2jxr;2jx4.2jxh.2jxs;2jx4.2jxh.2jxt;2jx4.2j\
    xh.2jxu 2e,6:2jzt.2jxh;2jzu.2jxh;2jzt.2jxh.2jxq;2jzu.2jxh.2jxq;2jzt.2jxh.2jxr;2jzu.2jxh.2jxr 1m4f,f2:fgd;fg8;f\
    gh;2tcy;fog;fqm;fqz;fsy;fwa;fx5;fzb;fyn;ae6;2ud6;g25;g2c;g2s;g3b;2u58;aex;g2v;g3x;2u6j;g47;g4k;fkc;g4s;g51;3ly\
    7;g6t;g77;afz;g8r;g92;gaa;gaf;ahh;gcn;gcp;gdg;ge2;ged;gee;gev;gg9;ggh;ggq;ghf;ghp;ghr;ghr;ghr;2v58;m7k;gju;gkf\
    ;2vdv;gkr;gkx;gli;gpq;gmw;gnc;go8;gpu;gs6;gsw;gur;gv7;gw4;gw4;gwp;gx7;gxf;gxu;h7a;gzq;h7b;h1t;h2s;g7b;hke;hce;\
    hdg;he5;haj;hf6;hf5;hik;2x9g;hki;hkn;hl2;hlm;hlu;hnm;2xm0;2xnu;hrg;hsr;ht3;hqw;huu;aum;av0;hzc;i0u;i0u;2y88;i4\
    j;i54;i5j;i5v;2yhk;i67;i6e;itv;i76;ayp;i8w;i9a;ibk;ia5;2z1g;if7;2z1i;ige;igb;igs;ijl;ijm;b3j;ikd;ilk;im5;ind;b\
    4y;2zr7;b5o;ipc;ipf;ipi;iq2;3pg2;iri;3035;3035;poh;isi;isi;b7r;335k;3cgq;iua;iuj;b8j;ivu;ix9;ixj;iyh;j29;bay;b\
    a4;j2s;30t0;j47;j7s;j7w;j7y;j7w;j96;j9q;jaq;jac;jan;jby;jci;jcm;jdc;jdn;jfh;jht;jis;jm8;31n0;jlp;jjw;jmw;jnn;j\
    qc;31td;js2;jph;jop;bhq;ju1;jum;jvh;juf;bjg;k0f;k18;32mi;k4j;kc8;k7d;bo9;k9d;bns;bms;g42;g45;kcg;k9o;pf1;deh;k\
    d3;kd7;kdd;kf2;ker;33cz;bpl;kje;kg5;klu;kn9;33hp;kni;kkf;kr8;brx;ksi;kv7;kx6;l2g;33xf;l3v;bvc;l5t;34br;l78;bwu\
    ;l82;l9b;la2;la3;34p9;2yvf;34sa;le6;354s;lhb;lhp;lev;ljq;lku;lmf;lkx;lm1;lmg;lmt;357i;lkk;lrj;lta;c37;lvv;lvr;\
    35jl;lq1;m0e;35ni;35ou;m2u;m61;m5a;m57;c5y;m6i;m7x;m7r;m99;2u5h;mdh;368z;mfw;36i3;mjs;mk5;mkw;36yw;mm8;mmt;377\
    9;37dg;mt6;mtn;cdo;mud;ce0;ce0;myv;mzg;n01;n0l;n2i;cgr;n50;386u;n5q;389e;n74;2zrz;nbk;38v5;38vs;38zo;cn0;cnc;n\
    hw;394j;394i;395l;396b;nj2;nj3;nj3;nka;cop;nm3;cp2;cra;39r1;nri;nt8;nv0;ctf;3a5i;nyu;3a8q;3a9x;o0f;o2z;cvj;o5c\
    ;o5m;o5r;3at8;3b1j;3b1j;oa6;d1e;3b8r;og6;og9;d2f;3beo;onm;d5s;oo8;oo3;oow;3c06;orn;d8h;ouf;ow2;oxx;d9w;3ciw;3c\
    jr;dax;3cnt;p6i;3cqm;p79;pa2;pad;3d22;3d43;pcw;3d7s;pdc;33a7;ded;pf6;phf;dfv;pj2;hx1;3dlz;3dmd;33bn;33bw;poh;p\
    ok;sda;dij;psh;psb;pst;gc3;ptd;ptf;ptp;puu;3ebg;put;pwd;pyb;q0d;pwj;q0t;q1z;q53;pxv;q16;q18;q1o;3eie;3eqz;3emt\
    ;dnv;q9d;q9f;qae;3g0a;qck;3f3g;dp9;dpd;3f75;3ff6;dpn;qj4;qjg;qjr;qjt;qll;qko;qoe;qn6;qrd;qp4;qqz;qrq;dsn;qu9;q\
    v5;dtl;qxs;qxv;3giv;r13;r1a;dv9;r22;aez;3gz2;3h46;dz2;dzb;rds;rfx;rka;rpx;3hrc;rsb;rsx;rvf;rxz;3i9b;2upw;s0b;r\
    zw;s1c;2uvy;s7o;sag;3jki;3jl9;sk4;smp;snl;3ju6;snv;svs;t07;t08;sxo;t89;t91;3ksa;tjf;ej9;tkn;3l2v;eli;ts3;iia;t\
    ur;3ltx;3lzu;epa;epi;u00;3mdm;er6;3mhi;u17;u17;u21;3mpi;u76;eur;u95;ucn;ude;uf2;ez2;3nsg;umq;uv4;v0d;f66;f71;v\
    3b;3owe;f7c;3oxx;3p5a;3p8x;vcr;f9y;veh;vem;vet;vf3;vfa;vgb;3pxc
    """

  /// Lower case, one scalar to one: `gap,count,step,zigzag delta`.
  static let lowercase: StaticString = """
    1t,q,1,1s 2t,n,1,1s 1,7,1,1s x,o,2,2 3,3,2,2 2,8,2,2 2,n,2,2 1,1,1,6p 0,3,2,2 3,1,1,bo 0,2,2,2 1,1,1,bg 0,1,2,\
    2 1,2,1,be 0,1,1,2 2,1,1,4e 0,1,1,b8 0,1,1,ba 0,1,2,2 1,1,1,be 0,1,2,bi 1,1,1,bq 0,1,1,bm 0,1,1,2 3,1,1,bq 0,1\
    ,2,bu 1,1,1,bw 0,3,2,2 1,1,1,c4 0,1,2,2 1,1,1,c4 2,1,2,2 1,1,1,c4 0,1,2,2 1,2,1,c2 0,2,2,2 1,1,1,c6 0,1,1,2 3,\
    1,1,2 7,1,1,4 0,1,2,2 1,1,1,4 0,1,2,2 1,1,1,4 0,9,2,2 2,9,2,2 2,1,1,4 0,2,2,2 1,1,1,5d 0,1,1,33 0,k,2,2 1,1,2,\
    77 1,9,2,2 7,1,1,gnq 0,1,2,2 1,1,1,91 0,1,1,gnk 2,1,2,2 1,1,1,at 0,1,1,3u 0,1,1,3y 0,5,2,2 81,2,2,2 3,1,1,2 8,\
    1,1,6g 6,1,2,24 1,3,1,22 1,1,2,3k 1,2,1,3i 1,h,1,1s 1,9,1,1s z,1,1,g 8,c,2,2 5,1,1,3b 2,1,2,2 1,1,1,d 0,1,1,2 \
    2,3,1,77 0,g,1,4g 0,w,1,1s 1c,h,2,2 9,r,2,2 1,1,1,u 0,7,2,2 2,1c,2,2 2,12,1,2o 289,12,1,b7k 1,1,1,b7k 5,1,1,b7\
    k k2,28,1,1nz4 0,6,1,g 1oz,1,1,2 6,17,1,4n3 2,3,1,4n3 8w,23,2,2 9,1,2,br1 1,1c,2,2 9,8,1,f 8,6,1,f a,8,1,f 8,8\
    ,1,f 8,6,1,f b,4,2,f 8,8,1,f o,8,1,f 8,8,1,f 8,8,1,f 8,2,1,f 0,2,1,43 0,1,1,h b,4,1,4r 0,1,1,h b,2,1,f 0,2,1,5\
    j c,2,1,f 0,2,1,67 0,1,1,d b,2,1,73 0,2,1,6z 0,1,1,h 89,1,1,bll 3,1,1,cxp 0,1,1,cqz 6,1,1,1k 19,g,1,w j,1,1,2 \
    mq,q,1,1g 1f4,1c,1,2o 1c,1,2,2 1,1,1,gkt 0,1,1,5vv 0,1,1,gjx 2,3,2,2 1,1,1,gmv 0,1,1,gl5 0,1,1,gn1 0,1,2,gmz 1\
    ,1,1,2 2,1,1,2 8,2,1,got 0,1e,2,2 8,2,2,2 4,1,1,2 nyl,n,2,2 j,e,2,2 3r,7,2,2 3,v,2,2 a,2,2,2 1,1,1,1iiv 0,5,2,\
    2 4,1,2,2 1,1,1,1t8v 2,2,2,2 3,a,2,2 1,1,1,1taf 0,1,1,1tb1 0,1,1,1tat 0,1,1,1ta9 0,1,2,1taf 1,1,1,1t7n 0,1,1,1\
    t8z 0,1,1,1t7t 0,1,1,1fk 0,8,2,2 1,1,1,2n 0,1,1,1tad 0,1,1,1ilr 0,2,2,2 1,1,1,1tcd 0,1,1,2 3,1,1,2 5,3,2,2 1,1\
    ,1,1toh o,1,1,2 h7v,q,1,1s xx,14,1,28 3s,10,1,28 4c,b,1,26 1,f,1,26 1,7,1,26 1,2,1,26 1d6,1f,1,3k 4d,m,1,1s 27\
    u,w,1,1s gw0,w,1,1s o80,y,1,1w
    """

  /// Lower case, one scalar to several.
  static let lowercaseMany: StaticString = """
    8g,1:2x.lj
    """
}
