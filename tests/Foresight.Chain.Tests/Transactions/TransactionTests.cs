using System.Text.Json;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Nethereum.Model;
using Nethereum.Signer;
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
            if (!isLong)
                Assert.Equal(vector.Text("raw"), Hex.Encode(signed.Raw));
        }
    }

    [Fact]
    [Trait("Category", "Parts")]
    public void SignedTransactions_OfManyKeys_AreTheOnesOfNethereumsSigner()
    {
        // Enough that some begin with a zero byte, which RLP omits: one r or s in 128 does.
        for (var nonce = 0; nonce < 400; nonce++)
        {
            var key = PrivateKey.OfPhrase($"key {nonce}");
            var signed = new Eip1559Transaction
            {
                ChainId = 31337,
                Nonce = nonce,
                To = key.Address,
                GasLimit = 21_000,
                MaxFeePerGas = 2,
                MaxPriorityFeePerGas = 1,
            }.Sign(key);
            var decoded = (Transaction1559)TransactionFactory.CreateTransaction(signed.Raw);

            Assert.Equal(signed.Hash.ToBytes(), decoded.Hash);
            if (decoded.Signature.R.Length < 32 || decoded.Signature.S.Length < 32 || nonce < 8)
                Assert.Equal(key.Address.ToString(), TransactionVerificationAndRecovery.GetSenderAddress(decoded));
        }
    }
}
