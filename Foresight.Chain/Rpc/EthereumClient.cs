using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Chain.Transactions;

namespace Foresight.Chain.Rpc;

/// <summary>
/// What this system asks of an EVM node. A read that fails throws (<see cref="RpcException"/> where the node refused,
/// <see cref="RpcUnavailableException"/> where it cannot be trusted); none returns something empty instead. Null means that
/// the node knows no such block or transaction.
/// </summary>
public sealed class EthereumClient(NodeClient node)
{
    /// <summary>A client of one HTTP endpoint.</summary>
    /// <param name="timeout">For one request; 10 s where null.</param>
    public static EthereumClient OfEndpoint(HttpClient http, Uri endpoint, TimeSpan? timeout = null)
        => new(new HttpNodeClient(http, endpoint, timeout ?? TimeSpan.FromSeconds(10)));

    /// <summary>Says that what was read cannot be true; see <see cref="NodeClient.Distrust"/>.</summary>
    public void Distrust(string reason) => node.Distrust(reason);

    public Task<BigInteger> ChainIdAsync(CancellationToken cancel = default) => ReadAsync("eth_chainId", ChainJson.Quantity, cancel);

    public Task<long> BlockNumberAsync(CancellationToken cancel = default) => ReadAsync("eth_blockNumber", ChainJson.Number, cancel);

    public async Task<BlockHeader?> GetBlockAsync(BlockRef block, CancellationToken cancel = default)
    {
        var request = BlockRequest(block);
        var reply = await RequestAsync(request, cancel);
        return ChainJson.ReadOrNull(request.Method, reply, ChainJson.Block);
    }

    /// <summary>Headers of a range in one batch, both ends included. A block that the node does not know is an error here.</summary>
    public async Task<IReadOnlyList<BlockHeader>> GetBlocksAsync(long from, long to, CancellationToken cancel = default)
    {
        var requests = new List<RpcRequest>();
        for (var number = from; number <= to; number++) requests.Add(BlockRequest(number));
        var replies = await node.SendAsync(requests, cancel);
        return [.. replies.Select((r, i) => ChainJson.ReadOrNull(r.Method, r.Required(), ChainJson.Block)
            ?? throw new RpcUnavailableException(r.Method, $"the node does not have block {from + i}"))];
    }

    /// <summary>
    /// A node that lags answers a range beyond its head with what it has, or with nothing, and no error. So the range's last block is asked
    /// for in the same batch: a node that does not have it cannot tell of its logs, and the read fails.
    /// </summary>
    public async Task<IReadOnlyList<EventLog>> GetLogsAsync(LogFilter filter, CancellationToken cancel = default)
    {
        var logs = new RpcRequest("eth_getLogs", ChainJson.Filter(filter));
        if (filter.BlockHash is not null) return ChainJson.Read(logs.Method, await RequestAsync(logs, cancel), ChainJson.Logs);

        var replies = await node.SendAsync([BlockRequest(filter.ToBlock), logs], cancel);
        if (replies[0].Required().ValueKind == JsonValueKind.Null)
            throw new RpcUnavailableException(
                logs.Method, $"the node does not have block {filter.ToBlock}, so its logs up to there are not all");
        return ChainJson.Read(logs.Method, replies[1].Required(), ChainJson.Logs);
    }

    /// <exception cref="RpcException">It reverted: see <see cref="RpcException.IsRevert"/>.</exception>
    public Task<byte[]> CallAsync(CallRequest call, BlockRef block = default, CancellationToken cancel = default)
        => ReadAsync("eth_call", ChainJson.Bytes, cancel, ChainJson.Call(call), block.ToJson());

    /// <summary>Many calls against one block. A revert is that call's result; anything else fails all of them.</summary>
    public async Task<IReadOnlyList<CallResult>> CallManyAsync(
        IReadOnlyList<CallRequest> calls, BlockRef block, CancellationToken cancel = default)
    {
        var replies = await node.SendAsync(
            [.. calls.Select(c => new RpcRequest("eth_call", ChainJson.Call(c), block.ToJson()))], cancel);
        return [.. replies.Select(r => r.Error switch
        {
            null => new CallResult(ChainJson.Read(r.Method, r.Result, ChainJson.Bytes), null),
            { IsRevert: true } revert => new CallResult([], revert),
            var refusal => throw refusal,
        })];
    }

    public Task<long> EstimateGasAsync(CallRequest call, BlockRef block = default, CancellationToken cancel = default)
        => ReadAsync("eth_estimateGas", ChainJson.Number, cancel, ChainJson.Call(call), block.ToJson());

    /// <summary>Hands the bytes to the node. That it took them says nothing about their being mined.</summary>
    public Task<Hash32> SendRawTransactionAsync(byte[] raw, CancellationToken cancel = default)
        => ReadAsync("eth_sendRawTransaction", ChainJson.Hash, cancel, Hex.Encode(raw));

    public Task<Hash32> SendTransactionAsync(SignedTransaction transaction, CancellationToken cancel = default) =>
        SendRawTransactionAsync(transaction.Raw, cancel);

    public async Task<TransactionReceipt?> GetTransactionReceiptAsync(Hash32 hash, CancellationToken cancel = default)
        => (await GetTransactionReceiptsAsync([hash], cancel))[0];

    public async Task<IReadOnlyList<TransactionReceipt?>> GetTransactionReceiptsAsync(
        IReadOnlyList<Hash32> hashes, CancellationToken cancel = default)
    {
        var replies = await node.SendAsync([.. hashes.Select(h => new RpcRequest("eth_getTransactionReceipt", h.ToString()))], cancel);
        return [.. replies.Select(r => ChainJson.ReadOrNull(r.Method, r.Required(), ChainJson.Receipt))];
    }

    /// <summary>Of every transaction of exactly this block.</summary>
    public Task<IReadOnlyList<TransactionReceipt>> GetBlockReceiptsAsync(Hash32 block, CancellationToken cancel = default)
        => ReadAsync<IReadOnlyList<TransactionReceipt>>(
            "eth_getBlockReceipts", json => [.. json.EnumerateArray().Select(ChainJson.Receipt)], cancel, block.ToString());

    public async Task<ChainTransaction?> GetTransactionAsync(Hash32 hash, CancellationToken cancel = default)
        => ChainJson.ReadOrNull(
            "eth_getTransactionByHash", await RequestAsync(new("eth_getTransactionByHash", hash.ToString()), cancel),
            ChainJson.Transaction);

    /// <summary>The account's next nonce: as of a block, or with its waiting transactions (<see cref="BlockRef.Pending"/>).</summary>
    public Task<long> GetTransactionCountAsync(Address account, BlockRef block = default, CancellationToken cancel = default)
        => ReadAsync("eth_getTransactionCount", ChainJson.Number, cancel, account.ToLowerHex(), block.ToJson());

    /// <summary>Wei.</summary>
    public Task<BigInteger> GetBalanceAsync(Address account, BlockRef block = default, CancellationToken cancel = default)
        => ReadAsync("eth_getBalance", ChainJson.Quantity, cancel, account.ToLowerHex(), block.ToJson());

    /// <summary>Empty: no contract there.</summary>
    public Task<byte[]> GetCodeAsync(Address account, BlockRef block = default, CancellationToken cancel = default)
        => ReadAsync("eth_getCode", ChainJson.Bytes, cancel, account.ToLowerHex(), block.ToJson());

    /// <param name="percentiles">0 to 100, ascending.</param>
    public Task<FeeHistory> FeeHistoryAsync(int blocks, IReadOnlyList<double> percentiles, CancellationToken cancel = default)
        => ReadAsync("eth_feeHistory", ChainJson.Fees, cancel,
            Hex.EncodeQuantity(blocks), "latest", new JsonArray([.. percentiles.Select(p => (JsonNode)JsonValue.Create(p))]));

    /// <summary>The next block's base fee, and the median tip of the last ten blocks, at least <paramref name="leastTip"/>.</summary>
    public async Task<FeeSuggestion> SuggestFeesAsync(BigInteger leastTip, CancellationToken cancel = default)
    {
        var history = await FeeHistoryAsync(10, [50], cancel);
        var tips = history.Rewards.Where(r => r.Count > 0).Select(r => r[0]).Where(t => !t.IsZero).Order().ToArray();
        var median = tips.Length == 0 ? leastTip : tips[tips.Length / 2];
        return new FeeSuggestion(history.BaseFees[^1], BigInteger.Max(median, leastTip));
    }

    /// <summary>Any other method, such as a development node's own.</summary>
    public async Task<JsonElement> RequestAsync(RpcRequest request, CancellationToken cancel = default)
        => (await node.SendAsync([request], cancel))[0].Required();

    private static RpcRequest BlockRequest(BlockRef block) => block.BlockHash is { } hash
        ? new("eth_getBlockByHash", hash.ToString(), false)
        : new("eth_getBlockByNumber", block.ToJson(), false);

    private async Task<T> ReadAsync<T>(string method, Func<JsonElement, T> read, CancellationToken cancel, params JsonNode?[] parameters)
        => ChainJson.Read(method, await RequestAsync(new RpcRequest(method, parameters), cancel), read);
}
