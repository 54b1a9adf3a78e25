using System.Security.Cryptography;
using Foresight.Api.Orders;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Api.Tests.Trust;

/// <summary>
/// Anybody can name makers that do not exist, and each costs a question of the chain. The chain here holds its answers to all of them.
/// </summary>
[Trait("Category", "Trust")]
public sealed class WalletFloodTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly Address Wallet = Address.Parse("0x00000000000000000000000000000000000a11ce");

    private readonly HeldChain _chain = new(Wallet);
    private readonly StillTime _time = new();
    private readonly ContractWallets _wallets;

    public WalletFloodTests() => _wallets = new ContractWallets(new EthereumClient(_chain), _time, NullLogger<ContractWallets>.Instance);

    [Fact]
    public async Task OrdersOfManyCallers_KeepNoWalletFromCancelling()
    {
        Flood(callers: 50, isCancel: false);
        Assert.Equal(WalletAnswer.Valid, await AskAsync(isCancel: true).WaitAsync(Soon));
    }

    [Fact]
    public async Task AWalletThatHasTradedHere_IsNotKeptWaitingByMakersThatDoNotExist()
    {
        Assert.Equal(WalletAnswer.Valid, await AskAsync(isCancel: false).WaitAsync(Soon));
        Flood(callers: 50, isCancel: false);
        Flood(callers: 50, isCancel: true);
        Assert.Equal(WalletAnswer.Valid, await AskAsync(isCancel: false).WaitAsync(Soon));
        Assert.Equal(WalletAnswer.Valid, await AskAsync(isCancel: true).WaitAsync(Soon));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OneCaller_HoweverMuchHeAsks_LeavesOthersTheirShare_AlsoAWalletThatIsNewHere(bool isCancel)
    {
        Flood(callers: 1, isCancel);
        Assert.Equal(WalletAnswer.Valid, await AskAsync(isCancel).WaitAsync(Soon));
    }

    [Fact]
    public async Task ANewWallet_WaitsItsTurn_WhichComesOnceForEachCaller()
    {
        Flood(callers: 5, isCancel: false);
        var asked = AskAsync(isCancel: false);
        await Eventually.TrueAsync("four are asked", Soon, () => _chain.Held == 4);
        var answered = 0;
        // Five callers wait before the wallet, and each of them has many more questions.
        for (; !asked.IsCompleted && answered < 6; answered++)
        {
            var held = _chain.Held;
            _chain.LetGoOfOne();
            await Eventually.TrueAsync("the next one is asked", Soon, () => asked.IsCompleted || _chain.Held >= held);
        }

        Assert.Equal(WalletAnswer.Valid, await asked.WaitAsync(Soon));
    }

    [Fact]
    public async Task WhoeverWaitsTooLong_IsAnswered_AndTheSlotsAreAllThereAfterwards()
    {
        Flood(callers: 5, isCancel: false);
        var asked = AskAsync(isCancel: false);
        Assert.False(asked.IsCompleted);
        _time.RingLatest();
        Assert.Equal(WalletAnswer.Unknown, await asked.WaitAsync(Soon));
        var again = AskAsync(isCancel: false);
        await Eventually.TrueAsync(
            "the answers that were held are given up, and with them the slots",
            Soon,
            async () =>
            {
                _time.RingAll();
                if (!again.IsCompleted)
                    return false;
                if (await again == WalletAnswer.Valid)
                    return true;
                again = AskAsync(isCancel: false);
                return false;
            }
        );
    }

    private void Flood(int callers, bool isCancel)
    {
        for (var i = 0; i < 200; i++)
        {
            var maker = new Address(RandomNumberGenerator.GetBytes(20));
            _ = _wallets.AskAsync(new WalletQuestion(maker, default, [1], isCancel, $"enemy {i % callers}"), CancellationToken.None);
        }
    }

    private Task<WalletAnswer> AskAsync(bool isCancel) =>
        _wallets.AskAsync(new WalletQuestion(Wallet, default, [1], isCancel, "honest"), CancellationToken.None);
}
