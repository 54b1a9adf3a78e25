using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;

namespace Foresight.Simulator.Funding;

internal sealed class TransactionPipeline(
    EthereumClient chain,
    PrivateKey sender,
    BigInteger chainId,
    FeeSuggestion fees,
    TimeProvider clock
)
{
    private static readonly TimeSpan ReceiptPoll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ReceiptDeadline = TimeSpan.FromSeconds(60);

    private readonly List<(Address To, long Gas, byte[] Data, BigInteger Value)> _queued = [];

    public void Add(Address to, long gas, byte[]? data = null, BigInteger value = default) => _queued.Add((to, gas, data ?? [], value));

    public async Task SendAndWaitAsync(CancellationToken stop)
    {
        if (_queued.Count == 0)
            return;
        var nonce = await chain.GetTransactionCountAsync(sender.Address, BlockRef.Pending, stop).ConfigureAwait(false);
        var hashes = new List<Hash32>();
        foreach (var (to, gas, data, value) in _queued)
        {
            var transaction = new Eip1559Transaction
            {
                ChainId = chainId,
                Nonce = nonce++,
                To = to,
                GasLimit = gas,
                Value = value,
                Data = data,
                // Twice the suggestion, which suffices for six full blocks, because many traders are funded at once and fill the
                // blocks themselves.
                MaxFeePerGas = 2 * fees.MaxFeePerGas,
                MaxPriorityFeePerGas = fees.MaxPriorityFeePerGas,
            };
            hashes.Add(await chain.SendTransactionAsync(transaction.Sign(sender), stop).ConfigureAwait(false));
        }

        await WaitForReceiptsAsync(hashes, stop).ConfigureAwait(false);
    }

    private async Task WaitForReceiptsAsync(IReadOnlyList<Hash32> hashes, CancellationToken stop)
    {
        var started = clock.GetTimestamp();
        var missing = hashes;
        while (missing.Count > 0)
        {
            if (clock.GetElapsedTime(started) > ReceiptDeadline)
                throw new InvalidOperationException(
                    $"{missing.Count} transactions of {sender.Address} were not mined in {ReceiptDeadline.TotalSeconds:0} s"
                );
            await Task.Delay(ReceiptPoll, clock, stop).ConfigureAwait(false);
            var receipts = await chain.GetTransactionReceiptsAsync(missing, stop).ConfigureAwait(false);
            if (receipts.FirstOrDefault(r => r?.Succeeded == false) is { } failed)
                throw new InvalidOperationException($"transaction {failed.TransactionHash} of {sender.Address} to {failed.To} failed");
            missing = [.. missing.Where((_, i) => receipts[i] is null)];
        }
    }
}
