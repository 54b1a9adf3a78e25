using System.Numerics;
using Foresight.Chain.Abi;

namespace Foresight.Chain.Signing;

/// <param name="Price">Micro-USDC per whole share: ticks × <see cref="PricePerTick"/>.</param>
/// <param name="Amount">10^-18 shares: lots × <see cref="AmountPerLot"/>.</param>
/// <param name="Expiry">Unix second after which the order may not be filled; 0 for never.</param>
public readonly record struct OrderMessage(
    Address Maker,
    BigInteger OutcomeIndex,
    bool IsBuy,
    BigInteger Price,
    BigInteger Amount,
    BigInteger Salt,
    BigInteger Expiry
) : IAbiTuple
{
    /// <summary>One tick is 0.0001 USDC; on chain a price counts micro-USDC.</summary>
    public const int PricePerTick = 100;

    /// <summary>One lot is 0.01 share; on chain a share has 18 decimals.</summary>
    public static readonly BigInteger AmountPerLot = BigInteger.Pow(10, 16);

    public const string OrderType =
        "Order(address maker,uint256 outcomeIndex,bool isBuy,uint256 price,uint256 amount,uint256 salt,uint256 expiry)";

    public static readonly Hash32 OrderTypeHash = Keccak256.HashText(OrderType);

    public static OrderMessage OfUnits(
        Address maker,
        int outcome,
        bool isBuy,
        int priceTicks,
        long quantityLots,
        BigInteger salt,
        long expirySeconds
    ) => new(maker, outcome, isBuy, (BigInteger)priceTicks * PricePerTick, quantityLots * AmountPerLot, salt, expirySeconds);

    IReadOnlyList<object?> IAbiTuple.Values => [Maker, OutcomeIndex, IsBuy, Price, Amount, Salt, Expiry];

    /// <summary>
    /// Does not name the market, so it must not identify an order: <see cref="OrderSigning.OrderHash"/> does (docs/decisions/0201).
    /// </summary>
    public Hash32 StructHash()
    {
        Span<byte> words = stackalloc byte[8 * Word.Size];
        OrderTypeHash.CopyTo(words);
        Word.Write(Maker, words[32..]);
        Word.Write(OutcomeIndex, words[64..]);
        Word.Write(IsBuy, words[96..]);
        Word.Write(Price, words[128..]);
        Word.Write(Amount, words[160..]);
        Word.Write(Salt, words[192..]);
        Word.Write(Expiry, words[224..]);
        return Keccak256.Hash(words);
    }
}

/// <summary>Has no number or time, so its signature is valid for later orders with the same salt too (docs/decisions/0416).</summary>
public readonly record struct CancelSaltMessage(Address Maker, BigInteger Salt)
{
    public const string CancelType = "CancelSaltRequest(address maker,uint256 salt)";

    public static readonly Hash32 CancelTypeHash = Keccak256.HashText(CancelType);

    public Hash32 StructHash()
    {
        Span<byte> words = stackalloc byte[3 * Word.Size];
        CancelTypeHash.CopyTo(words);
        Word.Write(Maker, words[32..]);
        Word.Write(Salt, words[64..]);
        return Keccak256.Hash(words);
    }
}

/// <summary>
/// An order's identity is its EIP-712 digest, which binds it to one market of one chain, so that a signature is valid in one market only.
/// The market contract counts fills by the same hash.
/// </summary>
public static class OrderSigning
{
    /// <summary>
    /// An ECDSA signature has 65 bytes, but a contract wallet may bundle several. A match of eight orders with such signatures has 37 kB,
    /// so it fits into a transaction (<c>SETTLEMENT_BATCH_BYTES</c>).
    /// </summary>
    public const int MaxSignatureBytes = 4 * 1024;

    public static Hash32 OrderHash(TypedDataDomain domain, in OrderMessage order) => domain.Digest(order.StructHash());

    public static Hash32 CancelHash(TypedDataDomain domain, in CancelSaltMessage cancel) => domain.Digest(cancel.StructHash());

    public static byte[] Sign(TypedDataDomain domain, in OrderMessage order, PrivateKey key) => key.Sign(OrderHash(domain, order));

    public static byte[] Sign(TypedDataDomain domain, in CancelSaltMessage cancel, PrivateKey key) => key.Sign(CancelHash(domain, cancel));

    /// <summary>First 8 bytes of keccak256(salt as 32 bytes), enough to find an account's orders with a salt.</summary>
    public static ulong SaltTag(BigInteger salt)
    {
        Span<byte> word = stackalloc byte[Word.Size];
        Word.Write(salt, word);
        return Keccak256.Hash(word).Prefix;
    }

    /// <summary>
    /// A contract wallet has no key, so its signature never passes here; it needs <see cref="Contracts.ContractWallet"/>.
    /// </summary>
    public static SignatureVerdict Check(Hash32 digest, ReadOnlySpan<byte> signature, Address maker)
    {
        var fault = EcdsaSignature.Recover(digest, signature, out var signer);
        return new SignatureVerdict(fault, signer, IsValid: fault == SignatureFault.None && signer == maker && !maker.IsZero);
    }
}

public readonly record struct SignatureVerdict(SignatureFault Fault, Address Recovered, bool IsValid);
