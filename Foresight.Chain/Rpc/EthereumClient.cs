using System.Numerics;
using System.Text.Json;
using Foresight.Chain.Transactions;
using Nethereum.Hex.HexTypes;
using Nethereum.RPC;
using Nethereum.RPC.Eth.DTOs;

namespace Foresight.Chain.Rpc;

/// <summary>
/// Reads and transactions that the exchange needs of an EVM node. A failed read throws, never returns something empty:
/// <see cref="RpcException"/> if the node refused, <see cref="RpcUnavailableException"/> if there is no trustworthy answer. Null means that
/// the node does not know the block or transaction.
/// </summary>
/// <remarks>Single reads use Nethereum's services. Blocks, logs, receipts and calls are read in batches whose answers are checked one by
/// one, and with System.Text.Json, which reads logs more than twice as fast (docs/decisions/0207).</remarks>
public sealed class EthereumClient(NodeClient node)
{
    /// <summary>Nethereum's services over the same connection. A refusal of the node is an <see cref="RpcException"/> there too.</summary>
    public IEthApiService Eth { get; } = new EthApiService(node);

    /// <param name="timeout">Timeout of one request; null is 10 s.</param>
    public static EthereumClient OfEndpoint(HttpClient http, Uri endpoint, TimeSpan? timeout = null) =>
        new(new HttpNodeClient(http, endpoint, timeout ?? TimeSpan.FromSeconds(10)));

    public void Distrust(string reason) => node.Distrust(reason);

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

    /// <summary>Reads the headers of a range, both ends included, in one batch. Throws for a block that the node does not know.</summary>
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
    /// Reads logs and, in the same batch, the last block of the range. A lagging node answers a range beyond its head with partial logs and
    /// no error; without the last block its answer is refused.
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

    /// <exception cref="RpcException">The call was refused or reverted, see <see cref="RpcException.IsRevert"/>.</exception>
    public async Task<byte[]> CallAsync(CallRequest call, BlockRef block = default, CancellationToken cancellationToken = default) =>
        (await CallManyAsync([call], block, cancellationToken))[0].Required();

    /// <summary>Runs many calls against one block. A revert is the result of its call; any other error fails the whole batch.</summary>
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

    /// <summary>Submits a transaction. Acceptance by the node does not mean that it will be mined.</summary>
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

    /// <summary>True if the transaction is mined or in the node's pool.</summary>
    public Task<bool> KnowsTransactionAsync(Hash32 hash, CancellationToken cancellationToken = default) =>
        ReadAsync(
            "eth_getTransactionByHash",
            async () => await Eth.Transactions.GetTransactionByHash.SendRequestAsync(hash.ToString()) ?? new Transaction(),
            transaction =>
                transaction.TransactionHash is { } found
                && (Hash32.Parse(found) == hash ? true : throw new FormatException($"transaction {found} was not asked for")),
            cancellationToken
        );

    /// <summary>Next nonce of the account as of a block; with <see cref="BlockRef.Pending"/> it counts pooled transactions too.</summary>
    public Task<long> GetTransactionCountAsync(Address account, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync(
            "eth_getTransactionCount",
            () => Eth.Transactions.GetTransactionCount.SendRequestAsync(account.ToLowerHex(), block.ToParameter()),
            Number,
            cancellationToken
        );

    /// <summary>Balance in wei.</summary>
    public Task<BigInteger> GetBalanceAsync(Address account, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync(
            "eth_getBalance",
            () => Eth.GetBalance.SendRequestAsync(account.ToLowerHex(), block.ToParameter()),
            Quantity,
            cancellationToken
        );

    /// <summary>Empty if no contract is deployed there.</summary>
    public Task<byte[]> GetCodeAsync(Address account, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync(
            "eth_getCode",
            () => Eth.GetCode.SendRequestAsync(account.ToLowerHex(), block.ToParameter()),
            Hex.Decode,
            cancellationToken
        );

    /// <summary>Base fee of the next block, and the median tip of the last ten blocks, at least <paramref name="leastTip"/>.</summary>
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

    // Parsed again from the text, because Nethereum accepts "0x" as zero and any number of digits.
    private static BigInteger Quantity(HexBigInteger quantity) => Hex.DecodeQuantity(quantity.HexValue);

    private static long Number(HexBigInteger quantity) => (long)Quantity(quantity);

    // Turns every failure to read an answer, in Nethereum's code or here, into a failed read.
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
