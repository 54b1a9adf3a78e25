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

    /// <summary>Null creates a contract.</summary>
    public required Address? To { get; init; }

    public required long GasLimit { get; init; }
    public required BigInteger MaxFeePerGas { get; init; }
    public required BigInteger MaxPriorityFeePerGas { get; init; }
    public BigInteger Value { get; init; }
    public byte[] Data { get; init; } = [];

    /// <summary>
    /// Deterministic: the same transaction and key give the same bytes and hash, so the hash can be stored before the broadcast.
    /// </summary>
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

        // Nethereum's signer takes a hundred times as long (docs/decisions/0205).
        var signature = key.Sign(new Hash32(transaction.RawHash));
        transaction.SetSignature(
            new Signature(Integer(signature[..32]), Integer(signature[32..64]), Integer([(byte)(signature[64] - 27)]))
        );
        return new SignedTransaction(new Hash32(transaction.Hash), transaction.GetRLPEncoded(), key.Address, Nonce);
    }

    // RLP encodes integers without leading zeros, and zero as empty.
    private static byte[] Integer(ReadOnlySpan<byte> bigEndian) => bigEndian.TrimStart((byte)0).ToArray();
}

/// <param name="Raw">Argument of eth_sendRawTransaction; a re-broadcast sends the same bytes.</param>
public sealed record SignedTransaction(Hash32 Hash, byte[] Raw, Address From, long Nonce)
{
    /// <summary>Address of the contract that the transaction creates, derived from sender and nonce.</summary>
    public Address ContractAddress => ContractAddressOf(From, Nonce);

    public static Address ContractAddressOf(Address sender, long nonce) =>
        Address.Parse(ContractUtils.CalculateContractAddress(sender.ToLowerHex(), nonce));
}
