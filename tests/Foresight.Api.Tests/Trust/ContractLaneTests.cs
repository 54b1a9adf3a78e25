using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Cluster;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Trust;

/// <summary>
/// The leader asks the chain about contract wallets' commands, so its answer to a batch with one of them may take a second.
/// </summary>
[Collection(ApiStackCollection.Name)]
[Trait("Category", "Trust")]
public sealed class ContractLaneTests(ApiStack stack)
{
    /// <summary>Accepts any signature: it returns the selector of isValidSignature, left-aligned, for any call.</summary>
    private const string Agrees = "0x631626ba7e60e01b60005260206000f3";

    private static readonly Address Wallet = Address.Parse("0x00000000000000000000000000000000000a11cf");

    [Fact]
    public async Task OrdersOfContracts_ThatTheLeaderHasNotAnswered_HoldUpNoKeysOrder_AndNoCancel()
    {
        await stack.ChainAsync("anvil_setCode", Wallet.ToString(), Agrees);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var gateway = await GatewayOfTest.OpenAsync(
            stack,
            async command =>
            {
                if (command is PlaceOrder { SignedByContract: true })
                    await asked.Task;
                return new CommandResult(command.RequestId, ResultStatus.Accepted, null, 7, 11)
                {
                    OrderStatus = "open",
                    RemainingLots = 100,
                    Cancelled = [],
                };
            }
        );

        // One after the other, so that each is a batch of its own and all places for batches are taken.
        var held = new List<Task<int>>();
        for (var i = 1; i <= LeaderRouter.MaximumBatchesInFlight; i++)
        {
            held.Add(PlaceAsync(Signed.Order(maker: Wallet)));
            await Eventually.TrueAsync("the leader has it", Eventually.Patience, () => gateway.Commands.Count == i);
        }

        Assert.Equal(201, await PlaceAsync(Signed.Order()));
        Assert.Equal(200, await CancelAsync(Signed.Cancel(21)));
        Assert.Equal(200, await CancelAsync(Signed.Cancel(22) with { Maker = Wallet.ToString() }));
        Assert.All(held, order => Assert.False(order.IsCompleted));
        asked.SetResult();
        Assert.All(await Task.WhenAll(held), status => Assert.Equal(201, status));
    }

    private async Task<int> PlaceAsync(PlaceOrderRequest order) => (await stack.Http.PostAsync("orders", order)).Status;

    private async Task<int> CancelAsync(CancelOrderRequest cancel) => (await stack.Http.PostAsync("orders/cancel", cancel)).Status;
}
