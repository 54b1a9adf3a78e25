using System.Numerics;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Transactions;

/// <summary>A type 2 transaction (EIP-1559) without an access list. Fees are in wei per unit of gas.</summary>
public sealed record Eip1559Transaction
{
    public required BigInteger ChainId { get; init; }
    public required long Nonce { get; init; }

    /// <summary>Null: create a contract.</summary>
    public required Address? To { get; init; }

    public required long GasLimit { get; init; }
    public required BigInteger MaxFeePerGas { get; init; }
    public required BigInteger MaxPriorityFeePerGas { get; init; }
    public BigInteger Value { get; init; }
    public byte[] Data { get; init; } = [];

    /// <summary>Deterministic: the same transaction and key give the same bytes and hash, before anybody has seen them.</summary>
    public SignedTransaction Sign(PrivateKey key)
    {
        byte[] unsigned = [2, .. Rlp.List(Fields())];
        var signature = key.Sign(Keccak256.Hash(unsigned));
        byte[] raw =
        [
            2,
            .. Rlp.List([
                .. Fields(),
                Rlp.Integer(signature[64] - 27),
                Rlp.Integer(new BigInteger(signature.AsSpan(0, 32), isUnsigned: true, isBigEndian: true)),
                Rlp.Integer(new BigInteger(signature.AsSpan(32, 32), isUnsigned: true, isBigEndian: true))]),
        ];
        return new SignedTransaction(Keccak256.Hash(raw), raw, key.Address, Nonce);
    }

    private byte[][] Fields() =>
    [
        Rlp.Integer(ChainId),
        Rlp.Integer(Nonce),
        Rlp.Integer(MaxPriorityFeePerGas),
        Rlp.Integer(MaxFeePerGas),
        Rlp.Integer(GasLimit),
        Rlp.Bytes(To is { } to ? to.ToBytes() : []),
        Rlp.Integer(Value),
        Rlp.Bytes(Data),
        Rlp.List(),
    ];
}

/// <param name="Raw">What eth_sendRawTransaction takes; a re-broadcast is these bytes.</param>
public sealed record SignedTransaction(Hash32 Hash, byte[] Raw, Address From, long Nonce)
{
    /// <summary>Where a contract made by this transaction will be: hash of sender and nonce.</summary>
    public Address ContractAddress => ContractAddressOf(From, Nonce);

    public static Address ContractAddressOf(Address sender, long nonce)
        => new(Keccak256.Hash(Rlp.List(Rlp.Bytes(sender.ToBytes()), Rlp.Integer(nonce))).ToBytes().AsSpan(12));
}
