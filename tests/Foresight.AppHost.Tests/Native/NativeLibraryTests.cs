using System.Text.RegularExpressions;
using Xunit;

namespace Foresight.AppHost.Tests.Native;

public sealed partial class NativeLibraryTests
{
    [Theory]
    [InlineData("Native")]
    [InlineData("Programs")]
    public void NoFile_NamesTheApplication(string folder)
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, "Foresight.AppHost", folder));
        Assert.NotEmpty(files);
        foreach (var file in files)
            Assert.DoesNotContain("foresight", Namespace().Replace(File.ReadAllText(file), ""), StringComparison.OrdinalIgnoreCase);
    }

    [GeneratedRegex(@"^(namespace|using) Foresight\.AppHost\.(Native|Programs);$", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
