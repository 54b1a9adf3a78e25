using System.Numerics;
using Foresight.Chain.Signing;
using Nethereum.Model;
using Nethereum.Util;

namespace Foresight.Chain.Transactions;

/// <summary>Without an access list; fees are in wei per unit of gas. Without <see cref="To"/> it creates a contract.</summary>
public sealed record Eip1559Transaction
{
    public required BigInteger ChainId { get; init; }
    public required long Nonce { get; init; }

    public required Address? To { get; init; }

    public required long GasLimit { get; init; }
    public required BigInteger MaxFeePerGas { get; init; }
    public required BigInteger MaxPriorityFeePerGas { get; init; }
    public BigInteger Value { get; init; }
    public byte[] Data { get; init; } = [];

    /// <summary>Deterministic: the same transaction and key give the same bytes, so the hash can be stored before the broadcast.</summary>
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

    /// <param name="raw">A transaction of this type that was signed here.</param>
    public static byte[] DataOf(byte[] raw) => Hex.Decode(((Transaction1559)TransactionFactory.CreateTransaction(raw)).Data);

    /// <param name="raw">A transaction of this type that was signed here, and creates no contract.</param>
    public static Address ToOf(byte[] raw) => Address.Parse(((Transaction1559)TransactionFactory.CreateTransaction(raw)).ReceiverAddress);

    // RLP encodes integers without leading zeros, and zero as empty.
    private static byte[] Integer(ReadOnlySpan<byte> bigEndian) => bigEndian.TrimStart((byte)0).ToArray();
}

/// <param name="Raw">For eth_sendRawTransaction. Sending the same bytes again is harmless, because they are the same transaction.</param>
public sealed record SignedTransaction(Hash32 Hash, byte[] Raw, Address From, long Nonce)
{
    /// <summary>Follows from sender and nonce, so it is known before the transaction is mined.</summary>
    public Address ContractAddress => ContractAddressOf(From, Nonce);

    public static Address ContractAddressOf(Address sender, long nonce) =>
        Address.Parse(ContractUtils.CalculateContractAddress(sender.ToLowerHex(), nonce));
}
