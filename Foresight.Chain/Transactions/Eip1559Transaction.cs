using System.Numerics;
using Foresight.Chain.Signing;
using Nethereum.Model;
using Nethereum.Util;

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
        var transaction = new Transaction1559(
            ChainId,
            Nonce,
            MaxPriorityFeePerGas,
            MaxFeePerGas,
            GasLimit,
            To?.ToLowerHex() ?? "",
            Value,
            Hex.Encode(Data),
            []
        );

        // Not by Nethereum's signer, which takes a hundred times as long (docs/decisions/0205).
        var signature = key.Sign(new Hash32(transaction.RawHash));
        transaction.SetSignature(
            new Signature(Integer(signature[..32]), Integer(signature[32..64]), Integer([(byte)(signature[64] - 27)]))
        );
        return new SignedTransaction(new Hash32(transaction.Hash), transaction.GetRLPEncoded(), key.Address, Nonce);
    }

    // RLP's integers have no leading zeros, and zero is empty.
    private static byte[] Integer(ReadOnlySpan<byte> bigEndian) => bigEndian.TrimStart((byte)0).ToArray();
}

/// <param name="Raw">What eth_sendRawTransaction takes; a re-broadcast is these bytes.</param>
public sealed record SignedTransaction(Hash32 Hash, byte[] Raw, Address From, long Nonce)
{
    /// <summary>Where a contract made by this transaction will be: hash of sender and nonce.</summary>
    public Address ContractAddress => ContractAddressOf(From, Nonce);

    public static Address ContractAddressOf(Address sender, long nonce) =>
        Address.Parse(ContractUtils.CalculateContractAddress(sender.ToLowerHex(), nonce));
}
