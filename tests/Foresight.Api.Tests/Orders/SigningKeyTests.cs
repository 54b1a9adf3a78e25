using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Orders;

/// <summary>The leader decides which key is in force; here, what it is asked.</summary>
[Collection(ApiStackCollection.Name)]
[Trait("Category", "Firm")]
public sealed class SigningKeyTests(ApiStack stack)
{
    /// <summary>Accepts any signature: it returns the selector of isValidSignature, left-aligned, for any call.</summary>
    private const string Agrees = "0x631626ba7e60e01b60005260206000f3";

    private const string Reverts = "0x60006000fd";

    private static readonly Address Wallet = Address.Parse("0x00000000000000000000000000000000000a11cd");

    [Theory]
    [InlineData(Purses.Either, PurseChoice.Either)]
    [InlineData(Purses.Vault, PurseChoice.Vault)]
    public async Task AnOrderByAnAnnouncedKey_IsOneByThatKey_AndTheContractIsNotAsked(string purse, PurseChoice asked)
    {
        await AnnounceAsync(Reverts);
        await using var gateway = await GatewayOfTest.OpenAsync(stack, command => Task.FromResult(Accepted(command)));
        Assert.Equal(201, (await PlaceAsync(purse)).Status);
        var order = Assert.IsType<PlaceOrder>(Assert.Single(gateway.Commands));
        Assert.Equal((Signed.Maker.Address.ToLowerHex(), false, (int)asked), (order.SigningKey, order.SignedByContract, order.Purse));
        Assert.Equal(Wallet.ToLowerHex(), order.Maker);
    }

    [Fact]
    public async Task ForTheWallet_OrByAnotherKey_TheContractDecides()
    {
        await AnnounceAsync(Reverts);
        await using var gateway = await GatewayOfTest.OpenAsync(stack, command => Task.FromResult(Accepted(command)));
        Assert.Equal((422, "invalid_signature"), await PlaceAsync(Purses.Wallet));
        Assert.Equal((422, "invalid_signature"), await PlaceAsync(Purses.Vault, PrivateKey.OfPhrase("another key")));
        Assert.Empty(gateway.Commands);
        await stack.ChainAsync("anvil_setCode", Wallet.ToString(), Agrees);
        Assert.Equal(201, (await PlaceAsync(Purses.Wallet)).Status);
        Assert.True(Assert.IsType<PlaceOrder>(Assert.Single(gateway.Commands)) is { SignedByContract: true, SigningKey: null });
    }

    /// <summary>With the purse that was asked for, because the first answer binds the order to its terms.</summary>
    [Fact]
    public async Task WhatTheVaultCannotPay_IsOfTheWallet_IfTheContractAcceptsTheSignature()
    {
        await AnnounceAsync(Agrees);
        await using var gateway = await GatewayOfTest.OpenAsync(
            stack,
            command => Task.FromResult(command is PlaceOrder { SigningKey: null } ? Accepted(command) : Refused(command))
        );
        Assert.Equal(201, (await PlaceAsync(Purses.Either)).Status);
        var orders = gateway.Commands.Cast<PlaceOrder>().ToList();
        Assert.Equal([(true, false), (false, true)], orders.Select(one => (one.SigningKey is not null, one.SignedByContract)));
        Assert.All(orders, one => Assert.Equal((int)PurseChoice.Either, one.Purse));

        Assert.Equal((422, "insufficient_balance"), await PlaceAsync(Purses.Vault));
        await stack.ChainAsync("anvil_setCode", Wallet.ToString(), Reverts);
        Assert.Equal((422, "insufficient_balance"), await PlaceAsync(Purses.Either));
        Assert.Equal(4, gateway.Commands.Count);
    }

    /// <summary>The contract would accept the first: it is asked about no key that its account has announced.</summary>
    [Theory]
    [InlineData(Agrees)]
    [InlineData(Reverts)]
    public async Task ACancelByAnAnnouncedKey_IsOneByThatKey_AndTheContractIsNotAsked(string code)
    {
        await AnnounceAsync(code);
        await using var gateway = await GatewayOfTest.OpenAsync(stack, command => Task.FromResult(Accepted(command)));
        Assert.Equal((200, null), await CancelAsync(Signed.Maker));
        var cancel = Assert.IsType<CancelBySalt>(Assert.Single(gateway.Commands));
        Assert.Equal((Signed.Maker.Address.ToLowerHex(), false), (cancel.SigningKey, cancel.SignedByContract));
        Assert.Equal(Wallet.ToLowerHex(), cancel.Maker);
    }

    [Fact]
    public async Task ACancelByAKeyThatIsNotInForce_IsRefusedWithThatCode_AndNotSentAgain()
    {
        await AnnounceAsync(Agrees);
        await using var gateway = await GatewayOfTest.OpenAsync(
            stack,
            command => Task.FromResult(new CommandResult(command.RequestId, ResultStatus.Rejected, ProblemCodes.SigningKeyNotInForce))
        );
        Assert.Equal((422, ProblemCodes.SigningKeyNotInForce), await CancelAsync(Signed.Maker));
        Assert.Single(gateway.Commands);
    }

    [Fact]
    public async Task ACancelByAStrangersKey_OrByThatOfAnotherAccount_IsNoneByAKey()
    {
        await AnnounceAsync(Reverts);
        await using var gateway = await GatewayOfTest.OpenAsync(stack, command => Task.FromResult(Accepted(command)));
        Assert.Equal((422, "invalid_signature"), await CancelAsync(PrivateKey.OfPhrase("a stranger's key")));
        // It is announced, by the wallet and not by this account, which has no code to ask.
        Assert.Equal((422, "invalid_signature"), await CancelAsync(Signed.Maker, PrivateKey.OfPhrase("another account").Address));
        Assert.Empty(gateway.Commands);
    }

    private async Task<(int Status, string? Code)> CancelAsync(PrivateKey key, Address? account = null)
    {
        var (status, body, _) = await stack.Http.PostAsync("orders/cancel", Signed.Cancel(7, key, account ?? Wallet));
        return (status, status == 200 ? null : body.Code());
    }

    private async Task AnnounceAsync(string code)
    {
        await stack.ChainAsync("anvil_setCode", Wallet.ToString(), code);
        await stack.ExecuteAsync(
            $"""
            INSERT INTO signing_keys (address, block_number, log_index, key, ready_block, ready_time)
            VALUES (decode('{Wallet.ToLowerHex()[2..]}', 'hex'), 1, 0, decode('{Signed.Maker.Address.ToLowerHex()[2..]}', 'hex'), 2, 2)
            ON CONFLICT DO NOTHING
            """
        );
    }

    private async Task<(int Status, string? Code)> PlaceAsync(string purse, PrivateKey? key = null)
    {
        var (status, body, _) = await stack.Http.PostAsync("orders", Signed.Order(maker: Wallet, key: key) with { Purse = purse });
        return (status, status == 201 ? null : body.Code());
    }

    private static CommandResult Accepted(LeaderCommand command) =>
        new(command.RequestId, ResultStatus.Accepted, null, 7, 11) { OrderStatus = "open", RemainingLots = 100 };

    private static CommandResult Refused(LeaderCommand command) =>
        new(command.RequestId, ResultStatus.Rejected, ProblemCodes.InsufficientBalance);
}
