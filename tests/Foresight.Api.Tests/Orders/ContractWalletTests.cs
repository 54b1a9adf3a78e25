using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Orders;

[Collection(ApiStackCollection.Name)]
public sealed class ContractWalletTests(ApiStack stack)
{
    /// <summary>Accepts any signature: it returns the selector of isValidSignature, left-aligned, for any call.</summary>
    private const string Agrees = "0x631626ba7e60e01b60005260206000f3";

    private const string Refuses = "0x600060005260206000f3";

    /// <summary>The gas limit must end this contract: it loops until it runs out.</summary>
    private const string Loops = "0x5b600056";

    private static readonly Address Wallet = Address.Parse("0x00000000000000000000000000000000000a11ce");

    [Fact]
    public async Task AWalletsWord_Decides_AndOneThatBurnsGasIsRefused()
    {
        await using var gateway = await GatewayOfTest.OpenAsync(
            stack,
            command =>
                Task.FromResult(
                    new CommandResult(command.RequestId, ResultStatus.Accepted, null, 7, 11) { OrderStatus = "open", RemainingLots = 100 }
                )
        );

        await stack.ChainAsync("anvil_setCode", Wallet.ToString(), Agrees);
        Assert.Equal(201, (await PlaceAsync()).Status);

        await stack.ChainAsync("anvil_setCode", Wallet.ToString(), Refuses);
        var (status, code) = await PlaceAsync();
        Assert.Equal((422, "invalid_signature"), (status, code));

        await stack.ChainAsync("anvil_setCode", Wallet.ToString(), Loops);
        // A refusal shows that the gas limit ended the call; the timeout would leave the result unknown.
        (status, code) = await PlaceAsync();
        Assert.Equal((422, "invalid_signature"), (status, code));
        Assert.Single(gateway.Commands);
    }

    private async Task<(int Status, string? Code)> PlaceAsync()
    {
        var (status, body, _) = await stack.Http.PostAsync("orders", Signed.Order(maker: Wallet));
        return (status, status == 201 ? null : body.Code());
    }
}
