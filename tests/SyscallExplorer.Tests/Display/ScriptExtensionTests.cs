using System.Xml.Linq;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>The script that notebook kernels run after <c>#r "nuget: SyscallExplorer"</c>.</summary>
public sealed class ScriptExtensionTests
{
    private const string Place = "interactive-extensions/dotnet";

    [Fact]
    public void The_package_carries_the_script_where_kernels_look_for_it()
    {
        XElement item = XDocument.Load(Path.Combine(Project(), "SyscallExplorer.csproj")).Descendants("None")
            .Single(none => (string?)none.Attribute("Include") == $"{Place}/extension.dib");
        Assert.Equal("true", (string?)item.Attribute("Pack"));
        Assert.Equal(Place, (string?)item.Attribute("PackagePath"));
    }

    [Fact]
    public void The_script_is_only_usings_of_namespaces_that_exist()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Project(), Place, "extension.dib")).Where(line => line.Length > 0).ToArray();
        Assert.Equal("#!csharp", lines[0]);
        string[] known = ["SyscallExplorer", "SyscallExplorer.Linux", "SyscallExplorer.Machine", "static Iced.Intel.AssemblerRegisters"];
        Assert.Equal(known.Order(), lines[1..].Select(line => line["using ".Length..].TrimEnd(';')).Order());
        Assert.Equal("Iced.Intel", typeof(Iced.Intel.AssemblerRegisters).Namespace);
    }

    private static string Project() => Path.Combine(Repository.Root, "src", "SyscallExplorer");
}
