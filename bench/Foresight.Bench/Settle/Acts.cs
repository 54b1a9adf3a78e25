using System.Collections.Concurrent;
using System.Numerics;
using Foresight.Bench.Stack;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Foresight.Matching.Settlement;

namespace Foresight.Bench.Settle;

/// <summary>Transactions of an adversary: of a higher tip than settlement's, so that blocks have them before what waits already.</summary>
internal sealed class Acts(TradingStack stack)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Address, long> _nonces = new();
    private readonly ConcurrentBag<Hash32> _sent = [];
    private readonly ConcurrentBag<Hash32> _attempts = [];

    public int Count => _sent.Count;

    /// <summary>One account's transactions are sent one after the other.</summary>
    /// <param name="isAttempt">The contract must refuse it.</param>
    public async Task SendAsync(PrivateKey from, Address to, byte[] data, bool isAttempt = false, long gas = 500_000)
    {
        if (!_nonces.TryGetValue(from.Address, out var nonce))
            nonce = await stack.Chain.GetTransactionCountAsync(from.Address, BlockRef.Pending);
        var signed = new Eip1559Transaction
        {
            ChainId = stack.Deployment.ChainId,
            Nonce = nonce,
            To = to,
            GasLimit = gas,
            MaxFeePerGas = 5_000 * SettlementOptions.Gwei,
            MaxPriorityFeePerGas = 100 * SettlementOptions.Gwei,
            Data = data,
        }.Sign(from);
        (isAttempt ? _attempts : _sent).Add(await stack.Chain.SendTransactionAsync(signed));
        _nonces[from.Address] = nonce + 1;
    }

    public async Task MinedAsync() => await ReceiptsAsync([.. _sent, .. _attempts]);

    /// <summary>Nothing is shown by acts that did not happen, or that came after the trades.</summary>
    public async Task<IReadOnlyList<string>> WrongAsync(IReadOnlyList<Hash32> settlements)
    {
        var wrong = new List<string>();
        var acts = await ReceiptsAsync([.. _sent]);
        if (acts.Count(act => !act.Succeeded) is > 0 and var reverted)
            wrong.Add($"{reverted} of {acts.Count} acts reverted");
        if ((await ReceiptsAsync([.. _attempts])).Count(attempt => attempt.Succeeded) is > 0 and var stolen)
            wrong.Add($"{stolen} attempts succeeded that the vault must refuse");
        var first = (await ReceiptsAsync(settlements)).Select(PlaceOf).DefaultIfEmpty((long.MaxValue, 0)).Min();
        if (acts.Select(PlaceOf).Count(place => place.CompareTo(first) > 0) is > 0 and var late)
            wrong.Add($"{late} of {acts.Count} acts were mined after the first trade");
        return wrong;
    }

    private static (long, int) PlaceOf(TransactionReceipt receipt) => (receipt.BlockNumber, receipt.TransactionIndex);

    private async Task<IReadOnlyList<TransactionReceipt>> ReceiptsAsync(IReadOnlyList<Hash32> hashes)
    {
        const int AtOnce = 200;
        var receipts = new List<TransactionReceipt>();
        foreach (var part in hashes.Chunk(AtOnce))
        {
            IReadOnlyList<TransactionReceipt?> found = [];
            await stack.UntilAsync(
                "the acts are mined",
                async () => (found = await stack.Chain.GetTransactionReceiptsAsync(part)).All(receipt => receipt is not null),
                Patience
            );
            receipts.AddRange(found.OfType<TransactionReceipt>());
        }

        return receipts;
    }
}
