using System.Numerics;
using Foresight.Chain.Signing;
using Nethereum.Signer;
using Xunit;

namespace Foresight.Chain.Tests.Signing;

public sealed class Secp256k1Tests
{
    [Fact]
    public void PublicKey_AndAddress_AreTheOnesOfOthers()
    {
        foreach (var vector in Vectors.List("keys"))
        {
            var publicKey = new byte[64];
            Secp256k1.PublicKey(vector.Bytes("key"), publicKey);
            Assert.Equal(vector.Bytes("publicKey")[1..], publicKey);
            Assert.Equal(vector.Text("address"), new PrivateKey(vector.Bytes("key")).Address.ToString());
        }
    }

    [Fact]
    public void Sign_IsDeterministicAndRecoversToItsKey()
    {
        for (var i = 0; i < 8; i++)
        {
            var key = new PrivateKey(Keccak256.HashText($"key {i}").ToBytes());
            var digest = Keccak256.HashText($"message {i}");
            var signature = key.Sign(digest);

            Assert.Equal(signature, key.Sign(digest));
            Assert.Equal(SignatureFault.None, EcdsaSignature.CheckForm(signature));
            Assert.Equal(SignatureFault.None, EcdsaSignature.Recover(digest, signature, out var signer));
            Assert.Equal(key.Address, signer);
        }
    }

    [Fact]
    public void IsValidPrivateKey_OnlyBetweenZeroAndTheGroupOrder()
    {
        var order = new BigInteger(Secp256k1.Order, isUnsigned: true, isBigEndian: true);
        Assert.False(Secp256k1.IsValidPrivateKey(new byte[32]));
        Assert.False(Secp256k1.IsValidPrivateKey(Secp256k1.Order));
        Assert.False(Secp256k1.IsValidPrivateKey(new byte[31]));
        Assert.False(Secp256k1.IsValidPrivateKey(Word.ToBytes(Word.MaxUInt256)));
        Assert.True(Secp256k1.IsValidPrivateKey(Word.ToBytes(1)));
        Assert.True(Secp256k1.IsValidPrivateKey(Word.ToBytes(order - 1)));
        Assert.Equal(order / 2, new BigInteger(Secp256k1.HalfOrder, isUnsigned: true, isBigEndian: true));
        Assert.Throws<ArgumentException>(() => new PrivateKey(Secp256k1.Order));
        Assert.Throws<ArgumentException>(() => Secp256k1.Sign(Hash32.Zero, new byte[32], new byte[64]));
    }

    [Fact]
    [Trait("Category", "Parts")]
    public void Nethereum_AgreesOnEverySignatureAndEveryRecovery()
    {
        var random = new Random(712);
        for (var i = 0; i < 40; i++)
        {
            var (digest, rs) = (new byte[32], new byte[64]);
            random.NextBytes(digest);
            random.NextBytes(rs);

            // Boundary values are among them, because implementations differ there.
            if (i % 5 == 1)
                rs.AsSpan(0, 32).Clear();
            if (i % 5 == 2)
                Secp256k1.Order.CopyTo(rs);
            if (i % 5 == 3)
                rs.AsSpan(0, 30).Clear();
            if (i % 5 == 4)
                digest.AsSpan().Clear();
            for (var recoveryId = 0; recoveryId < 4; recoveryId++)
                Assert.Equal(RecoverByNethereum(digest, rs, recoveryId), Recover(digest, rs, recoveryId));

            var secret = Keccak256.Hash(rs).ToBytes();
            var witness = new EthECKey(secret, isPrivate: true).SignAndCalculateV(digest);
            Assert.Equal(EthECDSASignature.CreateStringSignature(witness), Hex.Encode(EcdsaSignature.Sign(new Hash32(digest), secret)));
        }
    }

    private static string Recover(byte[] digest, byte[] rs, int recoveryId)
    {
        var key = new byte[64];
        return Secp256k1.TryRecover(new Hash32(digest), rs, recoveryId, key) ? Hex.Encode(key) : "none";
    }

    private static string RecoverByNethereum(byte[] digest, byte[] rs, int recoveryId)
    {
        try
        {
            var signature = EthECDSASignatureFactory.FromComponents(rs[..32], rs[32..]);
            return Hex.Encode(EthECKey.RecoverFromSignature(signature, recoveryId, digest).GetPubKeyNoPrefix());
        }
        catch (Exception)
        {
            // Any exception, because the library throws different ones for the different causes.
            return "none";
        }
    }

    [Fact]
    public void PrivateKey_NeverShowsItsSecret()
    {
        const string Secret = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
        var key = PrivateKey.Parse("0x" + Secret);

        Assert.Equal("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", key.Address.ToString());
        Assert.DoesNotContain(Secret, key.ToString(), StringComparison.OrdinalIgnoreCase);
        var error = Assert.Throws<FormatException>(() => PrivateKey.Parse(Secret + "00"));
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.Throws<FormatException>(() => PrivateKey.Parse(new string('0', 64)));
    }
}
