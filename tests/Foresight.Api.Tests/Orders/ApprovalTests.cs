using System.Text.Json;
using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Orders;

/// <summary>
/// The leader reports insufficient funds; only the chain shows whether the approval is the cause. The contracts are bare bytecode.
/// </summary>
[Collection(ApiStackCollection.Name)]
public sealed class ApprovalTests(ApiStack stack) : IAsyncLifetime
{
    // Returns one number for one selector and another for any other: 5 or 100, and for isApprovedForAll 0 or 1.
    private const string Approved5Of100 = "0x60003560e01c63dd62ed3e14601957606460005260206000f35b600560005260206000f3";
    private const string Approved100Of5 = "0x60003560e01c63dd62ed3e14601957600560005260206000f35b606460005260206000f3";
    private const string SharesNotApproved = "0x60003560e01c63e985e9c514601957606460005260206000f35b600060005260206000f3";
    private const string SharesApproved = "0x60003560e01c63e985e9c514601957606460005260206000f35b600160005260206000f3";

    private static readonly string Usdc = "0x" + new string('a', 40);
    private static readonly string Shares = "0x" + new string('b', 40);
    private static readonly string Factory = Address.Parse("0x" + new string('c', 40)).ToString();

    private GatewayOfTest _gateway = null!;

    public async Task InitializeAsync() =>
        _gateway = await GatewayOfTest.OpenAsync(
            stack,
            command => Task.FromResult(new CommandResult(command.RequestId, ResultStatus.Rejected, ProblemCodes.InsufficientBalance, 7, 12))
        );

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        foreach (var contract in new[] { Usdc, Shares })
            await stack.ChainAsync("anvil_setCode", contract, "0x");
    }

    [Fact]
    public async Task MoneyThatIsNotApproved_IsRefusedForTheApproval_WithTheSpender()
    {
        await stack.ChainAsync("anvil_setCode", Usdc, Approved5Of100);
        var body = await RefusedAsync("insufficient_allowance");
        Assert.Equal(Factory, body.GetProperty("spender").GetString());
        Assert.Contains("has 0.0001 USDC and has approved 0.000005", body.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task MoneyThatIsNotThere_IsRefusedForTheBalance()
    {
        await stack.ChainAsync("anvil_setCode", Usdc, Approved100Of5);
        await RefusedAsync("insufficient_balance");
    }

    [Fact]
    public async Task SharesThatAreNotApproved_AreRefusedForTheApproval_AndApprovedOnesForTheBalance()
    {
        await stack.ChainAsync("anvil_setCode", Shares, SharesNotApproved);
        Assert.Equal(Factory, (await RefusedAsync("insufficient_allowance", isBuy: false)).GetProperty("spender").GetString());
        await stack.ChainAsync("anvil_setCode", Shares, SharesApproved);
        await RefusedAsync("insufficient_balance", isBuy: false);
    }

    [Fact]
    public async Task AChainThatCannotSay_LeavesTheRefusalAsItWas() => await RefusedAsync("insufficient_balance");

    private async Task<JsonElement> RefusedAsync(string code, bool isBuy = true)
    {
        var (status, body, _) = await stack.Http.PostAsync("orders", Signed.Order(isBuy: isBuy));
        Assert.Equal((422, code), (status, body.Code()));
        Assert.Equal((7, 12), (body.GetProperty("epoch").GetInt64(), body.GetProperty("sequence").GetInt64()));
        return body;
    }
}
