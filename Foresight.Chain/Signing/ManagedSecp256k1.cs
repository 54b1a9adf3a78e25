using Org.BouncyCastle.Asn1.Sec;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Math.EC;

namespace Foresight.Chain.Signing;

/// <summary>The curve by BouncyCastle: same answers as <see cref="NativeSecp256k1"/>, about 70 times slower.</summary>
public sealed class ManagedSecp256k1 : ISecp256k1
{
    private static readonly ECDomainParameters Domain = Parameters();
    private static readonly BigInteger HalfOrder = Domain.N.ShiftRight(1);
    private static readonly BigInteger FieldPrime = ((FpCurve)Domain.Curve).Q;

    public string Name => "bouncycastle";

    public bool IsValidPrivateKey(ReadOnlySpan<byte> privateKey)
    {
        if (privateKey.Length != 32) return false;
        var scalar = new BigInteger(1, privateKey.ToArray());
        return scalar.SignValue > 0 && scalar.CompareTo(Domain.N) < 0;
    }

    public void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> into64)
    {
        var point = Domain.G.Multiply(RequirePrivateKey(privateKey)).Normalize();
        Write(point, into64);
    }

    public int Sign(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> privateKey, Span<byte> into64)
    {
        if (digest.Length != 32) throw new ArgumentException("A digest has 32 bytes.", nameof(digest));
        var scalar = RequirePrivateKey(privateKey);
        var signer = new ECDsaSigner(new HMacDsaKCalculator(new Sha256Digest()));
        signer.Init(true, new ECPrivateKeyParameters(scalar, Domain));
        var components = signer.GenerateSignature(digest.ToArray());
        var (r, s) = (components[0], components[1]);
        if (s.CompareTo(HalfOrder) > 0) s = Domain.N.Subtract(s);
        Write(r, into64[..32]);
        Write(s, into64[32..64]);

        // The signer does not say which of the candidate points it used: try them.
        Span<byte> own = stackalloc byte[64];
        Span<byte> recovered = stackalloc byte[64];
        Write(Domain.G.Multiply(scalar).Normalize(), own);
        for (var recoveryId = 0; recoveryId < 4; recoveryId++)
        {
            if (TryRecover(digest, into64[..64], recoveryId, recovered) && recovered.SequenceEqual(own)) return recoveryId;
        }

        throw new InvalidOperationException("A fresh signature recovers to no public key.");
    }

    // SEC 1, section 4.1.6: Q = r^-1 (sR - eG).
    public bool TryRecover(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> rs, int recoveryId, Span<byte> into64)
    {
        if (digest.Length != 32) throw new ArgumentException("A digest has 32 bytes.", nameof(digest));
        if (rs.Length != 64 || recoveryId is < 0 or > 3) return false;
        var r = new BigInteger(1, rs[..32].ToArray());
        var s = new BigInteger(1, rs[32..].ToArray());
        if (r.SignValue == 0 || s.SignValue == 0 || r.CompareTo(Domain.N) >= 0 || s.CompareTo(Domain.N) >= 0) return false;

        var x = recoveryId >= 2 ? r.Add(Domain.N) : r;
        if (x.CompareTo(FieldPrime) >= 0) return false;
        if (!TryDecompress(x, odd: recoveryId % 2 == 1, out var point)) return false;

        var e = new BigInteger(1, digest.ToArray());
        var inverse = r.ModInverse(Domain.N);
        var fromPoint = inverse.Multiply(s).Mod(Domain.N);
        var fromGenerator = inverse.Multiply(Domain.N.Subtract(e.Mod(Domain.N))).Mod(Domain.N);
        var key = ECAlgorithms.SumOfTwoMultiplies(Domain.G, fromGenerator, point, fromPoint).Normalize();
        if (key.IsInfinity) return false;
        Write(key, into64);
        return true;
    }

    private static bool TryDecompress(BigInteger x, bool odd, out ECPoint point)
    {
        // y² = x³ + 7; only about every second x is a coordinate of a point.
        var element = Domain.Curve.FromBigInteger(x);
        var root = element.Square().Multiply(element).Add(Domain.Curve.B).Sqrt();
        if (root is null)
        {
            point = Domain.Curve.Infinity;
            return false;
        }

        var y = root.TestBitZero() == odd ? root : root.Negate();
        point = Domain.Curve.CreatePoint(x, y.ToBigInteger());
        return true;
    }

    private BigInteger RequirePrivateKey(ReadOnlySpan<byte> privateKey)
        => IsValidPrivateKey(privateKey)
            ? new BigInteger(1, privateKey.ToArray())
            : throw new ArgumentException("Not a private key.", nameof(privateKey));

    private static void Write(ECPoint point, Span<byte> into64)
    {
        Write(point.AffineXCoord.ToBigInteger(), into64[..32]);
        Write(point.AffineYCoord.ToBigInteger(), into64[32..64]);
    }

    private static void Write(BigInteger value, Span<byte> into)
    {
        var bytes = value.ToByteArrayUnsigned();
        into.Clear();
        bytes.CopyTo(into[(into.Length - bytes.Length)..]);
    }

    private static ECDomainParameters Parameters()
    {
        var curve = SecNamedCurves.GetByName("secp256k1");
        return new ECDomainParameters(curve.Curve, curve.G, curve.N, curve.H);
    }
}
