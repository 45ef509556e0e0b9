using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>Which forms can be compared: those of the instruction table that the model and the host both have, but for the exclusions.</summary>
internal sealed class FormCatalog
{
    private readonly bool[] _comparable = new bool[(int)Enum.GetValues<Code>().Max() + 1];

    public FormCatalog(CpuModel model)
    {
        Model = model;
        foreach (Code code in All)
            _comparable[(int)code] = WhyNotCompared(code) is null;
        Forms64 = [.. All.Where(code => IsComparable(code) && Decodes(code, 64)).Select(Form.Of)];
        Forms16 = [.. All.Where(code => IsComparable(code) && Decodes(code, 16)).Select(Form.Of)];
        Forms32 = [.. All.Where(code => IsComparable(code) && Decodes(code, 32)).Select(Form.Of)];
    }

    /// <summary>Every form that 32-bit or 64-bit code can hold.</summary>
    public static IReadOnlyList<Code> All { get; } =
        [.. Enum.GetValues<Code>().Distinct().Where(code => code != Code.INVALID && code.ToOpCode() is { IsInstruction: true } form && (form.Mode32 || form.Mode64))];

    /// <summary>The model that is compared with the host.</summary>
    public CpuModel Model { get; }

    /// <summary>The forms to compare in 64-bit code.</summary>
    public Form[] Forms64 { get; }

    /// <summary>The forms to compare in 32-bit code.</summary>
    public Form[] Forms32 { get; }

    /// <summary>The forms to compare in 16-bit code.</summary>
    public Form[] Forms16 { get; }

    /// <summary>The forms to compare in code of a width.</summary>
    public Form[] FormsOf(int bitness) => bitness switch { 64 => Forms64, 32 => Forms32, _ => Forms16 };

    /// <summary>Whether a form can be compared.</summary>
    public bool IsComparable(Code code) => _comparable[(int)code];

    /// <summary>Why a form is not compared on this host, or null.</summary>
    public string? WhyNotCompared(Code code)
    {
        if (Exclusions.ReasonFor(code) is { } reason)
            return reason;
        if (!InstructionFeatures.Has(Model, code))
            return $"{Model.Name} has no {string.Join(" and ", code.CpuidFeatures())}";
        if (!InstructionTable.Supports(code))
            return "not supported yet";
        if (!Decodes(code, 64) && !Decodes(code, 32) && !Decodes(code, 16))
            return $"processors of {(Model.Vendor == CpuVendor.Amd ? "AMD decode" : "Intel decode")} its bytes as another form";
        foreach (CpuidFeature needed in code.CpuidFeatures())
        {
            if (InstructionFeatures.TryMap(needed, out CpuFeature feature) && !HostProcessor.Has(feature))
                return $"the host has no {needed}";
        }

        return null;
    }

    /// <summary>Whether code of a width can hold the form on processors of the model's maker.</summary>
    private bool Decodes(Code code, int bitness)
    {
        OpCodeInfo form = code.ToOpCode();
        bool amd = Model.Vendor == CpuVendor.Amd;
        return bitness switch
        {
            64 => form.Mode64 && (amd ? form.AmdDecoder64 : form.IntelDecoder64),
            32 => form.Mode32 && (amd ? form.AmdDecoder32 : form.IntelDecoder32),
            _ => form.Mode16 && (amd ? form.AmdDecoder16 : form.IntelDecoder16),
        };
    }
}
