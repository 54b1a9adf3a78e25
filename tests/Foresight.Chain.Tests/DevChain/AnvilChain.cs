using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using Foresight.AppHost.Programs;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Nethereum.RPC.Eth.DTOs;
using TransactionReceipt = Foresight.Chain.Rpc.TransactionReceipt;

namespace Foresight.Chain.Tests.DevChain;

/// <summary>
/// A block is made only on request, so that a test decides what is in it. All transactions are signed here, as in production; no
/// account is unlocked.
/// </summary>
public sealed class AnvilChain : IAsyncDisposable
{
    public const int ChainId = 31337;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly HttpClient _http = new();
    private readonly Dictionary<Address, long> _nonces = [];

    private AnvilChain(Process process, Uri endpoint)
    {
        (_process, Endpoint) = (process, endpoint);
        Client = EthereumClient.OfEndpoint(_http, endpoint, TimeSpan.FromSeconds(30));
        AppDomain.CurrentDomain.ProcessExit += Kill;
    }

    public Uri Endpoint { get; }
    public EthereumClient Client { get; }

    public static async Task<AnvilChain> StartAsync(params string[] options)
    {
        // 64 states are kept in memory, because a chain that is killed, as this one is, would leave old states in the user's home.
        var program = await ProgramFinder.Shared.RequireAsync(Tool.Anvil);
        var start = new ProcessStartInfo(
            program.Path,
            [
                "--port",
                "0",
                "--chain-id",
                ChainId.ToString(CultureInfo.InvariantCulture),
                "--accounts",
                "1",
                "--no-mining",
                "--prune-history",
                "64",
                .. options,
            ]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        var listening = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var errors = new List<string>();
        process.OutputDataReceived += (_, line) =>
        {
            // The system assigns the port, which "Listening on 127.0.0.1:34343" names.
            if (line.Data is { } text && text.StartsWith("Listening on ", StringComparison.Ordinal))
                listening.TrySetResult(int.Parse(text[(text.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture));
            else if (line.Data is null)
                listening.TrySetException(new InvalidOperationException("anvil ended: " + string.Join('\n', errors)));
        };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
                errors.Add(text);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            var port = await listening.Task.WaitAsync(StartLimit);
            return new AnvilChain(process, new Uri($"http://127.0.0.1:{port}"));
        }
        catch
        {
            process.Kill();
            throw;
        }
    }

    public Task FundAsync(Address account) =>
        RequestAsync("anvil_setBalance", account.ToLowerHex(), Hex.EncodeQuantity(BigInteger.Pow(10, 21)));

    public async Task<long> SnapshotAsync() =>
        (long)Hex.DecodeQuantity((await Client.RequestAsync(new RpcRequest("evm_snapshot"))).GetString()!);

    public async Task RevertAsync(long snapshot)
    {
        await RequestAsync("evm_revert", Hex.EncodeQuantity(snapshot));
        _nonces.Clear();
    }

    public Task MineAsync(int blocks = 1) => RequestAsync("anvil_mine", Hex.EncodeQuantity(blocks));

    public Task RequestAsync(string method, params JsonNode?[] parameters) => Client.RequestAsync(new RpcRequest(method, parameters));

    public async Task<Address> DeployAsync(PrivateKey key, byte[] creation)
    {
        var receipt = await SendAsync(key, null, creation, 20_000_000);
        return receipt.Succeeded ? receipt.ContractAddress!.Value : throw new InvalidOperationException("The deployment reverted.");
    }

    public async Task<TransactionReceipt> ExecuteAsync(PrivateKey key, Address to, byte[] data)
    {
        var receipt = await SendAsync(key, to, data, await EstimateGasAsync(key.Address, to, data));
        return receipt.Succeeded ? receipt : throw new InvalidOperationException($"A transaction to {to} reverted.");
    }

    public async Task<long> EstimateGasAsync(Address from, Address to, byte[] data) =>
        (long)
            (
                await Client.Eth.Transactions.EstimateGas.SendRequestAsync(
                    new CallInput(Hex.Encode(data), to.ToLowerHex()) { From = from.ToLowerHex() }
                )
            ).Value;

    public async Task<TransactionReceipt> SendAsync(PrivateKey key, Address? to, byte[] data, long gasLimit)
    {
        var hash = await PendAsync(key, to, data, gasLimit);
        await MineAsync();
        return (await Client.GetTransactionReceiptsAsync([hash]))[0]
            ?? throw new InvalidOperationException($"Transaction {hash} was not mined.");
    }

    /// <summary>Not mined by itself: in the next block a transaction with a higher tip comes first.</summary>
    public async Task<Hash32> PendAsync(PrivateKey key, Address? to, byte[] data, long gasLimit, long tipInGwei = 1)
    {
        if (!_nonces.TryGetValue(key.Address, out var nonce))
            nonce = await Client.GetTransactionCountAsync(key.Address, BlockRef.Pending);
        var transaction = new Eip1559Transaction
        {
            ChainId = ChainId,
            Nonce = nonce,
            To = to,
            GasLimit = gasLimit,
            MaxFeePerGas = (99 + tipInGwei) * 1_000_000_000,
            MaxPriorityFeePerGas = tipInGwei * 1_000_000_000,
            Data = data,
        }.Sign(key);
        var hash = await Client.SendTransactionAsync(transaction);
        if (hash != transaction.Hash)
            throw new InvalidOperationException($"The node calls the transaction {hash}, not {transaction.Hash}.");
        _nonces[key.Address] = nonce + 1;
        return hash;
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        Kill(null, EventArgs.Empty);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _http.Dispose();
    }

    private void Kill(object? sender, EventArgs e)
    {
        if (!_process.HasExited)
            _process.Kill();
    }
}
