using System.Text.Json;
using Foresight.Chain;
using Foresight.Chain.Rpc;

namespace Foresight.Testing;

/// <summary>
/// A slow provider: questions about accounts wait until the test lets them go, and then there is no code. Those about the wallet, which
/// accepts any signature, are answered at once.
/// </summary>
public sealed class HeldChain(Address wallet) : NodeClient
{
    private static readonly string Accepted = "0x1626ba7e" + new string('0', 56);

    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _held = new();

    public int Held
    {
        get
        {
            lock (_gate)
                return _held.Count;
        }
    }

    public void LetGoOfOne()
    {
        lock (_gate)
            _held.Dequeue().SetResult();
    }

    public override async Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken)
    {
        var request = requests[0];
        var isWallet = JsonSerializer.Serialize(request.Parameters).Contains(wallet.ToLowerHex(), StringComparison.OrdinalIgnoreCase);
        if (!isWallet)
            await HoldAsync(cancellationToken);
        return
        [
            new RpcReply(
                request.Method,
                JsonSerializer.SerializeToElement(
                    !isWallet ? "0x"
                    : request.Method == "eth_getCode" ? "0x6000"
                    : Accepted
                ),
                null
            ),
        ];
    }

    private Task HoldAsync(CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
            _held.Enqueue(answer);
        return answer.Task.WaitAsync(cancellationToken);
    }
}
