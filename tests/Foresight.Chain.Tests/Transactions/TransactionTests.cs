using System.Text.Json;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Xunit;

namespace Foresight.Chain.Tests.Transactions;

public sealed class TransactionTests
{
    [Fact]
    public void SignedTransactions_AreByteForByteTheOnesOfAWallet()
    {
        foreach (var vector in Vectors.List("transactions"))
        {
            var isLong = vector.GetProperty("data").ValueKind == JsonValueKind.Null;
            var signed = new Eip1559Transaction
            {
                ChainId = vector.Integer("chainId"),
                Nonce = (long)vector.Integer("nonce"),
                To = vector.GetProperty("to").ValueKind == JsonValueKind.Null ? null : Address.Parse(vector.Text("to")),
                GasLimit = (long)vector.Integer("gasLimit"),
                MaxFeePerGas = vector.Integer("maxFeePerGas"),
                MaxPriorityFeePerGas = vector.Integer("maxPriorityFeePerGas"),
                Value = vector.Integer("value"),
                Data = isLong ? [.. Enumerable.Repeat((byte)0xab, 70_000)] : vector.Bytes("data"),
            }.Sign(new PrivateKey(vector.Bytes("key")));

            Assert.Equal(vector.Text("hash"), signed.Hash.ToString());
            Assert.Equal(vector.Text("from"), signed.From.ToString());
            Assert.Equal(vector.Text("created"), signed.ContractAddress.ToString());
            if (!isLong) Assert.Equal(vector.Text("raw"), Hex.Encode(signed.Raw));
        }
    }

    [Fact]
    public void Rlp_IsTheOneOfOthers()
    {
        foreach (var vector in Vectors.List("rlp")) Assert.Equal(vector.Text("encoded"), Hex.Encode(Encode(vector.GetProperty("item"))));
    }

    private static byte[] Encode(JsonElement item) => item.ValueKind == JsonValueKind.String
        ? Rlp.Bytes(Hex.Decode(item.GetString()!))
        : Rlp.List([.. item.EnumerateArray().Select(Encode)]);
}
