using System.Collections.Immutable;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>How an instruction reaches memory, as far as its time is concerned.</summary>
[Flags]
internal enum MemoryTouches
{
    None = 0,

    /// <summary>The operand is read.</summary>
    OperandRead = 1,

    /// <summary>The operand is written.</summary>
    OperandWrite = 2,

    /// <summary>The word at the top of the stack is read.</summary>
    Pop = 4,

    /// <summary>A word is written below the top of the stack.</summary>
    Push = 8,
}

/// <summary>How an instruction goes on elsewhere than behind itself.</summary>
internal enum BranchKind
{
    None,
    Jump,
    Indirect,
    Call,
    Return,
}

/// <summary>A decoded instruction as the Pipeline depth sees it: what it waits for, what waits for it, where it executes.</summary>
internal sealed class TimedInstruction
{
    /// <summary>Registers and flags that instructions wait for: general, vector, x87 and mask registers, and the flags as one.</summary>
    public const int Resources = 128;

    private const int FlagsResource = 32, FirstVector = 33, FirstFloat = 65, FirstMask = 81;

    [ThreadStatic]
    private static InstructionInfoFactory? _factory;

    /// <summary>Its figure.</summary>
    public required Figure Figure { get; init; }

    /// <summary>Null where it drains the pipeline.</summary>
    public required InstructionTiming? Timing { get; init; }

    /// <summary>Resources that its address needs.</summary>
    public required ImmutableArray<byte> AddressSources { get; init; }

    /// <summary>Resources that its operation needs.</summary>
    public required ImmutableArray<byte> Sources { get; init; }

    /// <summary>Resources that it produces.</summary>
    public required ImmutableArray<byte> Results { get; init; }

    /// <summary>Its micro-operations that are neither loads nor stores.</summary>
    public required ImmutableArray<PortUse> Operations { get; init; }

    /// <summary>Memory.</summary>
    public required MemoryTouches Touches { get; init; }

    /// <summary>Bytes of the memory operand.</summary>
    public required int OperandSize { get; init; }

    /// <summary>Bytes of a word that is pushed or popped.</summary>
    public required int StackSize { get; init; }

    /// <summary>How it goes on elsewhere, if it does.</summary>
    public required BranchKind Branch { get; init; }

    /// <summary>A conditional near jump.</summary>
    public required bool IsConditionalBranch { get; init; }

    /// <summary>Whether a conditional jump right behind it becomes one micro-operation with it.</summary>
    public required bool MayFuse { get; init; }

    public bool Loads => (Touches & (MemoryTouches.OperandRead | MemoryTouches.Pop)) != 0;

    public bool Stores => (Touches & (MemoryTouches.OperandWrite | MemoryTouches.Push)) != 0;

    /// <summary>Analyses an instruction.</summary>
    /// <param name="instruction">The decoded instruction.</param>
    /// <param name="figure">Its figure.</param>
    /// <param name="geometry">The core.</param>
    public static TimedInstruction Of(in Instruction instruction, Figure figure, PipelineGeometry geometry)
    {
        InstructionInfo info = (_factory ??= new InstructionInfoFactory()).GetInfo(instruction);
        MemoryTouches touches = TouchesOf(instruction, info);
        InstructionTiming? timing = figure.Timing ?? DefaultOf(instruction, figure, geometry, touches);
        bool breaksDependency = timing is { Latency: 0, Uses.Length: 0 } && figure.Key.EndsWith(" same", StringComparison.Ordinal);
        return new TimedInstruction
        {
            Figure = figure,
            Timing = timing,
            AddressSources = AddressSourcesOf(instruction, touches),
            Sources = breaksDependency ? [] : SourcesOf(instruction, info, touches),
            Results = ResultsOf(instruction, info),
            Operations = timing is null ? [] : OperationsOf(timing, geometry, touches),
            Touches = touches,
            OperandSize = instruction.MemorySize.GetSize(),
            StackSize = Math.Abs(instruction.StackPointerIncrement) is var size and <= 8 ? size : 8,
            Branch = BranchKindOf(instruction),
            IsConditionalBranch = instruction.IsJccShortOrNear,
            MayFuse = instruction.Mnemonic is Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Add or Mnemonic.Sub or Mnemonic.And or Mnemonic.Inc or Mnemonic.Dec,
        };
    }

    private static BranchKind BranchKindOf(in Instruction instruction) => instruction.FlowControl switch
    {
        FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch => BranchKind.Jump,
        FlowControl.IndirectBranch or FlowControl.IndirectCall => BranchKind.Indirect,
        FlowControl.Call => BranchKind.Call,
        FlowControl.Return => BranchKind.Return,
        _ => BranchKind.None,
    };

    /// <summary>An instruction that the file has no figure of its own for goes to any port.</summary>
    private static InstructionTiming? DefaultOf(in Instruction instruction, Figure figure, PipelineGeometry geometry, MemoryTouches touches)
    {
        bool isOrdinary = figure.Key == "other" || (figure.Key.StartsWith("other ", StringComparison.Ordinal) && figure.Key is not ("other privileged" or "other string"));
        if (!isOrdinary || instruction.IsPrivileged || instruction.FlowControl != FlowControl.Next)
            return null;
        var uses = new List<PortUse> { new((1u << geometry.Ports.Length) - 1, 1) };
        if ((touches & (MemoryTouches.OperandRead | MemoryTouches.Pop)) != 0)
            uses.Add(new PortUse(geometry.Loads, 1));
        if ((touches & (MemoryTouches.OperandWrite | MemoryTouches.Push)) != 0)
            uses.Add(new PortUse(geometry.StoreData, 1));
        return new InstructionTiming(1, Math.Max(1, (int)(figure.Cost >> 8)), [.. uses]);
    }

    private static MemoryTouches TouchesOf(in Instruction instruction, in InstructionInfo info)
    {
        MemoryTouches touches = MemoryTouches.None;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) != OpKind.Memory)
                continue;
            touches |= info.GetOpAccess(i) switch
            {
                OpAccess.Read or OpAccess.CondRead => MemoryTouches.OperandRead,
                OpAccess.Write or OpAccess.CondWrite => MemoryTouches.OperandWrite,
                OpAccess.ReadWrite or OpAccess.ReadCondWrite => MemoryTouches.OperandRead | MemoryTouches.OperandWrite,
                _ => MemoryTouches.None,
            };
        }

        if (instruction.IsStackInstruction)
            touches |= instruction.StackPointerIncrement < 0 ? MemoryTouches.Push : instruction.StackPointerIncrement > 0 ? MemoryTouches.Pop : MemoryTouches.None;
        if (instruction.Mnemonic == Mnemonic.Leave)
            touches |= MemoryTouches.Pop;
        return touches;
    }

    private static ImmutableArray<byte> AddressSourcesOf(in Instruction instruction, MemoryTouches touches)
    {
        var sources = new SortedSet<byte>();
        if ((touches & (MemoryTouches.OperandRead | MemoryTouches.OperandWrite)) != 0)
        {
            Add(sources, instruction.MemoryBase);
            Add(sources, instruction.MemoryIndex);
        }

        if ((touches & (MemoryTouches.Pop | MemoryTouches.Push)) != 0)
            Add(sources, instruction.Mnemonic == Mnemonic.Leave ? Register.RBP : Register.RSP);
        return [.. sources];
    }

    private static ImmutableArray<byte> SourcesOf(in Instruction instruction, in InstructionInfo info, MemoryTouches touches)
    {
        var sources = new SortedSet<byte>();
        var written = new HashSet<Register>();
        foreach (UsedRegister used in info.GetUsedRegisters())
        {
            bool reads = used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite or OpAccess.CondWrite;

            // A write of 8 or 16 bits merges with the rest of the register.
            bool merges = used.Access is OpAccess.Write && used.Register.IsGPR() && used.Register.GetSize() < 4;
            if ((reads || merges) && !IsAddressOnly(instruction, used.Register, touches))
                Add(sources, used.Register);
        }

        if (instruction.RflagsRead != RflagsBits.None)
            sources.Add(FlagsResource);
        return [.. sources];
    }

    /// <summary>A register that occurs in the address and in no operand beside it.</summary>
    private static bool IsAddressOnly(in Instruction instruction, Register register, MemoryTouches touches)
    {
        Register full = register.GetFullRegister();
        if (full == Register.RSP && (touches & (MemoryTouches.Pop | MemoryTouches.Push)) != 0)
            return true;
        if ((touches & (MemoryTouches.OperandRead | MemoryTouches.OperandWrite)) == 0)
            return false;
        if (instruction.MemoryBase.GetFullRegister() != full && instruction.MemoryIndex.GetFullRegister() != full)
            return false;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Register && instruction.GetOpRegister(i).GetFullRegister() == full)
                return false;
        }

        return true;
    }

    private static ImmutableArray<byte> ResultsOf(in Instruction instruction, in InstructionInfo info)
    {
        var results = new SortedSet<byte>();
        foreach (UsedRegister used in info.GetUsedRegisters())
        {
            bool writes = used.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite;

            // The stack engine keeps the pointer's small steps out of the execution units.
            bool isStackStep = instruction.IsStackInstruction && used.Register.GetFullRegister() == Register.RSP;
            if (writes && !isStackStep)
                Add(results, used.Register);
        }

        if (instruction.RflagsModified != RflagsBits.None)
            results.Add(FlagsResource);
        return [.. results];
    }

    private static ImmutableArray<PortUse> OperationsOf(InstructionTiming timing, PipelineGeometry geometry, MemoryTouches touches)
    {
        var left = timing.Uses.ToList();
        if ((touches & (MemoryTouches.OperandRead | MemoryTouches.Pop)) != 0)
            Take(geometry.Loads);
        if ((touches & (MemoryTouches.OperandWrite | MemoryTouches.Push)) != 0)
        {
            Take(geometry.StoreData);
            if (geometry.StoreAddress != 0)
                Take(geometry.StoreAddress);
        }

        return [.. left];

        void Take(uint ports)
        {
            int index = left.FindIndex(use => use.Ports == ports);
            if (index >= 0)
                left.RemoveAt(index);
        }
    }

    private static void Add(SortedSet<byte> set, Register register)
    {
        if (register == Register.None)
            return;
        Register full = register.GetFullRegister();
        int? resource = full switch
        {
            _ when full.IsGPR() => full.GetNumber(),
            _ when full.IsVectorRegister() => FirstVector + full.GetNumber(),
            _ when full.IsST() => FirstFloat + full.GetNumber(),
            _ when full.IsMM() => FirstFloat + 8 + full.GetNumber(),
            _ when full.IsK() => FirstMask + full.GetNumber(),
            _ => null,
        };
        if (resource is { } number)
            set.Add((byte)number);
    }
}
