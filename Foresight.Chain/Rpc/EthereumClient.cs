using System.Numerics;
using System.Text.Json;
using Foresight.Chain.Transactions;
using Nethereum.Hex.HexTypes;
using Nethereum.RPC;
using Nethereum.RPC.Eth.DTOs;

namespace Foresight.Chain.Rpc;

/// <summary>
/// A failed read throws, because something empty would look like a quiet block or an empty account: <see cref="RpcException"/> if the
/// node refused, <see cref="RpcUnavailableException"/> if there is no trustworthy answer. Null means that the node does not know the
/// block or transaction.
/// </summary>
/// <remarks>
/// Single reads use Nethereum's services. Blocks, logs, receipts and calls are read in batches whose answers are checked one by one, and
/// with System.Text.Json, which reads logs more than twice as fast (docs/decisions/0207).
/// </remarks>
public sealed class EthereumClient(NodeClient node)
{
    /// <summary>
    /// Over the same connection, so that failover and its bounds apply to Nethereum's services too. A refusal is an
    /// <see cref="RpcException"/> there as well.
    /// </summary>
    public IEthApiService Eth { get; } = new EthApiService(node);

    public static EthereumClient OfEndpoint(HttpClient http, Uri endpoint, TimeSpan? timeout = null) =>
        new(new HttpNodeClient(http, endpoint, timeout ?? TimeSpan.FromSeconds(10)));

    public void Distrust(string reason) => node.Distrust(reason);

    /// <inheritdoc cref="NodeClient.WellEndpoints"/>
    public IReadOnlyList<EthereumClient> WellEndpoints => [.. node.WellEndpoints.Select(endpoint => new EthereumClient(endpoint))];

    public Task<BigInteger> ChainIdAsync(CancellationToken cancellationToken = default) =>
        ReadAsync("eth_chainId", () => Eth.ChainId.SendRequestAsync(), Quantity, cancellationToken);

    public Task<long> BlockNumberAsync(CancellationToken cancellationToken = default) =>
        ReadAsync("eth_blockNumber", () => Eth.Blocks.GetBlockNumber.SendRequestAsync(), Number, cancellationToken);

    public async Task<BlockHeader?> GetBlockAsync(BlockRef block, CancellationToken cancellationToken = default)
    {
        var request = BlockRequest(block);
        var reply = await RequestAsync(request, cancellationToken);
        return ChainJson.ReadOrNull(request.Method, reply, ChainJson.Block);
    }

    /// <summary>
    /// Both ends included, in one batch, so that all headers come from one endpoint. Throws for a block that the node does not know.
    /// </summary>
    public async Task<IReadOnlyList<BlockHeader>> GetBlocksAsync(long from, long to, CancellationToken cancellationToken = default)
    {
        var requests = new List<RpcRequest>();
        for (var number = from; number <= to; number++)
            requests.Add(BlockRequest(number));
        var replies = await node.SendAsync(requests, cancellationToken);
        return
        [
            .. replies.Select(
                (r, i) =>
                    ChainJson.ReadOrNull(r.Method, r.Required(), ChainJson.Block)
                    ?? throw new RpcUnavailableException(r.Method, $"the node does not have block {from + i}")
            ),
        ];
    }

    /// <summary>
    /// Reads the last block of the range in the same batch, because a lagging node answers a range beyond its head with a part of the logs
    /// and no error; without that block its answer is refused.
    /// </summary>
    public async Task<IReadOnlyList<EventLog>> GetLogsAsync(LogFilter filter, CancellationToken cancellationToken = default)
    {
        var logs = new RpcRequest("eth_getLogs", ChainJson.Filter(filter));
        if (filter.BlockHash is not null)
            return ChainJson.Read(logs.Method, await RequestAsync(logs, cancellationToken), ChainJson.Logs);

        var replies = await node.SendAsync([BlockRequest(filter.ToBlock), logs], cancellationToken);
        if (replies[0].Required().ValueKind == JsonValueKind.Null)
            throw new RpcUnavailableException(
                logs.Method,
                $"the node does not have block {filter.ToBlock}, so its logs up to there are not all"
            );
        return ChainJson.Read(logs.Method, replies[1].Required(), ChainJson.Logs);
    }

    public async Task<byte[]> CallAsync(CallRequest call, BlockRef block = default, CancellationToken cancellationToken = default) =>
        (await CallManyAsync([call], block, cancellationToken))[0].Required();

    /// <summary>
    /// A revert is an answer, the result of its call. Any other error fails all calls, because an incomplete answer must not pass
    /// for a complete one.
    /// </summary>
    public async Task<IReadOnlyList<CallResult>> CallManyAsync(
        IReadOnlyList<CallRequest> calls,
        BlockRef block,
        CancellationToken cancellationToken = default
    )
    {
        var replies = await node.SendAsync(
            [.. calls.Select(c => new RpcRequest("eth_call", ChainJson.Call(c), block.ToJson()))],
            cancellationToken
        );
        return
        [
            .. replies.Select(r =>
                r.Error switch
                {
                    null => new CallResult(ChainJson.Read(r.Method, r.Result, ChainJson.Bytes), null),
                    { IsRevert: true } revert => new CallResult([], revert),
                    var refusal => throw refusal,
                }
            ),
        ];
    }

    /// <summary>Acceptance by the node does not mean that the transaction will be mined.</summary>
    public Task<Hash32> SendRawTransactionAsync(byte[] raw, CancellationToken cancellationToken = default) =>
        ReadAsync(
            "eth_sendRawTransaction",
            () => Eth.Transactions.SendRawTransaction.SendRequestAsync(Hex.Encode(raw)),
            hash => Hash32.Parse(hash),
            cancellationToken
        );

    public Task<Hash32> SendTransactionAsync(SignedTransaction transaction, CancellationToken cancellationToken = default) =>
        SendRawTransactionAsync(transaction.Raw, cancellationToken);

    public async Task<IReadOnlyList<TransactionReceipt?>> GetTransactionReceiptsAsync(
        IReadOnlyList<Hash32> hashes,
        CancellationToken cancellationToken = default
    )
    {
        var replies = await node.SendAsync(
            [.. hashes.Select(h => new RpcRequest("eth_getTransactionReceipt", h.ToString()))],
            cancellationToken
        );
        return [.. replies.Select(r => ChainJson.ReadOrNull(r.Method, r.Required(), ChainJson.Receipt))];
    }

    public async Task<IReadOnlyList<TransactionReceipt>> GetBlockReceiptsAsync(Hash32 block, CancellationToken cancellationToken = default)
    {
        var request = new RpcRequest("eth_getBlockReceipts", block.ToString());
        var reply = await RequestAsync(request, cancellationToken);
        return ChainJson.Read(request.Method, reply, json => json.EnumerateArray().Select(ChainJson.Receipt).ToArray());
    }

    /// <summary>Null if the node does not know it, neither in a block nor in its pool.</summary>
    public async Task<ChainTransaction?> GetTransactionAsync(Hash32 hash, CancellationToken cancellationToken = default)
    {
        var request = new RpcRequest("eth_getTransactionByHash", hash.ToString());
        var found = ChainJson.ReadOrNull(request.Method, await RequestAsync(request, cancellationToken), ChainJson.Transaction);
        return found is null || found.Hash == hash
            ? found
            : throw new RpcUnavailableException(request.Method, $"transaction {found.Hash} was not asked for");
    }

    /// <summary>Mined or in the node's pool; if false, the node has dropped the transaction and needs it again.</summary>
    public async Task<bool> KnowsTransactionAsync(Hash32 hash, CancellationToken cancellationToken = default) =>
        await GetTransactionAsync(hash, cancellationToken) is not null;

    public Task<long> GetTransactionCountAsync(Address account, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync(
            "eth_getTransactionCount",
            () => Eth.Transactions.GetTransactionCount.SendRequestAsync(account.ToLowerHex(), block.ToParameter()),
            Number,
            cancellationToken
        );

    public Task<BigInteger> GetBalanceAsync(Address account, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync(
            "eth_getBalance",
            () => Eth.GetBalance.SendRequestAsync(account.ToLowerHex(), block.ToParameter()),
            Quantity,
            cancellationToken
        );

    public async Task<byte[]> GetCodeAsync(Address account, BlockRef block = default, CancellationToken cancellationToken = default)
    {
        // Without Nethereum's service, which takes no block by its hash.
        var request = new RpcRequest("eth_getCode", account.ToLowerHex(), block.ToJson());
        return ChainJson.Read(request.Method, await RequestAsync(request, cancellationToken), ChainJson.Bytes);
    }

    /// <summary>eth_feeHistory returns one base fee more than blocks: the last is that of the next block.</summary>
    public Task<FeeSuggestion> SuggestFeesAsync(BigInteger leastTip, CancellationToken cancellationToken = default) =>
        ReadAsync(
            "eth_feeHistory",
            () => Eth.FeeHistory.SendRequestAsync(new HexBigInteger(10), BlockParameter.CreateLatest(), [50]),
            history =>
            {
                var rewards = (history.Reward ?? []).Where(r => r.Length > 0).Select(r => Quantity(r[0]));
                var tips = rewards.Where(t => !t.IsZero).Order().ToArray();
                var median = tips.Length == 0 ? leastTip : tips[tips.Length / 2];
                return new FeeSuggestion(Quantity(history.BaseFeePerGas[^1]), BigInteger.Max(median, leastTip));
            },
            cancellationToken
        );

    public async Task<JsonElement> RequestAsync(RpcRequest request, CancellationToken cancellationToken = default) =>
        (await node.SendAsync([request], cancellationToken))[0].Required();

    private static RpcRequest BlockRequest(BlockRef block) =>
        block.BlockHash is { } hash
            ? new("eth_getBlockByHash", hash.ToString(), false)
            : new("eth_getBlockByNumber", block.ToJson(), false);

    // Parsed again from the text, because Nethereum accepts "0x" as zero and any number of digits (docs/decisions/0207).
    private static BigInteger Quantity(HexBigInteger quantity) => Hex.DecodeQuantity(quantity.HexValue);

    private static long Number(HexBigInteger quantity) => (long)Quantity(quantity);

    // Nethereum's code throws exceptions of many types for an unexpected answer; callers rely on one for every failed read.
    private static async Task<T> ReadAsync<TAnswer, T>(
        string method,
        Func<Task<TAnswer>> ask,
        Func<TAnswer, T> read,
        CancellationToken cancellationToken
    )
        where TAnswer : class
    {
        NodeClient.CancelWith(cancellationToken);
        try
        {
            return read(await ask() ?? throw new FormatException("it is null"));
        }
        catch (Exception e) when (e is not (RpcException or OperationCanceledException))
        {
            throw new RpcUnavailableException(method, $"the answer has an unexpected shape: {e.Message}", e);
        }
    }
}
