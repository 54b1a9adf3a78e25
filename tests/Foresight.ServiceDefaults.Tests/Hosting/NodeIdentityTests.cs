using Foresight.ServiceDefaults.Hosting;

namespace Foresight.ServiceDefaults.Tests.Hosting;

[Trait("Category", "Parts")]
public sealed class NodeIdentityTests
{
    [Theory]
    [InlineData("n", "NODE_ID=n", "POD_NAME=p", "OTEL_RESOURCE_ATTRIBUTES=a=b,service.instance.id=i", "HOSTNAME=h")]
    [InlineData("p", "POD_NAME=p", "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=i", "HOSTNAME=h")]
    [InlineData("i", "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=i", "HOSTNAME=h")]
    [InlineData("s-i", "OTEL_SERVICE_NAME=s", "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=i")]
    [InlineData("h", "HOSTNAME=h")]
    public void ANode_HasTheFirstNameThatIsSet(string expected, params string[] settings) =>
        Assert.Equal(expected, NodeIdentity.From(Configured.By(settings), "app", DateTimeOffset.UnixEpoch).Id);

    [Fact]
    public void AWrongName_IsRefusedByTheSettingThatHoldsIt()
    {
        var error = Assert.Throws<SettingException>(() =>
            NodeIdentity.From(Configured.By("POD_NAME=a b"), "app", DateTimeOffset.UnixEpoch)
        );
        Assert.StartsWith("POD_NAME must be at most 63 letters", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutAnyName_ItIsTheMachineAndTheProcess() =>
        Assert.Equal(
            $"{Environment.MachineName}-{Environment.ProcessId}",
            NodeIdentity.From(Configured.By(), "app", DateTimeOffset.UnixEpoch).Id
        );

    [Theory]
    [InlineData("app")]
    [InlineData("s", "OTEL_SERVICE_NAME=s")]
    public void TheService_IsTheApplicationUnlessItIsNamed(string expected, params string[] settings) =>
        Assert.Equal(expected, NodeIdentity.From(Configured.By([.. settings, "NODE_ID=n"]), "app", DateTimeOffset.UnixEpoch).Service);

    [Fact]
    public void ANameOfItsOwn_HasAPartOfTheInstance_FitsTheBound_AndIsReported()
    {
        var longest = new string('n', 63);
        var identity = NodeIdentity.From(Configured.By($"NODE_ID={longest}"), "app", DateTimeOffset.UnixEpoch);
        var reported = new List<string>();
        identity.Renamed += reported.Add;

        identity.TakeOwnName();

        Assert.Equal($"{longest[..56]}-{identity.Instance.ToString("N")[..6]}", identity.Id);
        Assert.Equal(63, identity.Id.Length);
        Assert.Equal([identity.Id], reported);
    }
}
