"""What a diagram's expressions and lists are read with: our language and plain JSON, no Python."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment
from SpiffWorkflow.bpmn.specs.data_spec import TaskDataReference

from engine.blackboard import note
from engine.budget import BUDGET
from engine.errors import OfficeError
from engine.expressions import compile_assignments, compile_expression
from engine.expressions.reading import written

#: what a variable keeps as it is
PLAIN = (str, bool, int, float)


class Environment(BasePythonScriptEngineEnvironment):
    """The only place where an expression of a diagram is evaluated (môi trường tính biểu thức).

    SpiffWorkflow calls `evaluate` and `execute` from every hook, some past its script engine, so
    the environment is what must be safe. `now` is the moment of the command.
    """

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.now = now.astimezone(UTC)
        #: the expressions that were asked, with what they gave
        self.asked: list[tuple[str, Any]] = []

    def evaluate(self, expression: str, context: Any, external_context: Any = None) -> Any:
        """Return the value of one expression of our language over the variables."""
        variables = {**context, **external_context} if external_context else context
        value = compile_expression(expression).evaluate(variables, now=self.now)
        self.asked.append((expression, value))
        return value

    def execute(self, script: str, context: Any, external_context: Any = None) -> Any:
        """Carry out the assignments of a script task; nothing else can be written there."""
        variables = {**context, **external_context} if external_context else context
        given = compile_assignments(script).evaluate(variables, now=self.now)
        context.update({name: plain(value) for name, value in given.items()})
        return True

    def call_service(self, _context: Any, **_kwargs: Any) -> Any:
        """Refuse: a step for the machine is a work item of its own."""
        raise PermissionError


def plain(value: Any) -> Any:
    """Return a value of the language as a variable keeps it: plain JSON, nothing shared.

    A number with decimals becomes a float, dates and durations their ISO 8601 text.
    """
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if value is None or isinstance(value, PLAIN) else written(value)


class Evaluator(PythonScriptEngine):
    """SpiffWorkflow's script engine over our environment; it never parses Python."""

    def __init__(self, now: datetime) -> None:
        super().__init__(environment=Environment(now))

    @property
    def now(self) -> datetime:
        """The moment of the command."""
        return self.environment.now  # type: ignore[no-any-return] # untyped library attribute

    def execute(self, task: Any, script: str, external_context: Any = None) -> Any:
        """Carry out a script task; the variables it writes are decisions like an officer's."""
        done = super().execute(task, script, external_context)
        names = [name for name, _ in compile_assignments(script).lines]
        note(task.workflow, {name: task.data[name] for name in names})
        return done

    def validate(self, expression: str) -> None:
        """Compile the expression of our language; raises `ExpressionError`."""
        compile_expression(expression)


class Members(TaskDataReference):
    """The list a multi-instance runs over (danh sách); anything else is refused, not guessed.

    The library would run over the letters of a text, stop for ever at an empty place of a
    sequential loop, and open any number of items.
    """

    def get(self, my_task: Any, **_: Any) -> Any:
        """Return the list; raises `ListUnclear`."""
        value = super().get(my_task)
        if not isinstance(value, list) or None in value or len(value) > BUDGET.instances:
            raise ListUnclear(name=self.bpmn_id, limit=BUDGET.instances)
        return value


class Member(TaskDataReference):
    """The element an instance of a multi-instance works on.

    The library refuses to start the next instance of a sequential loop, or any after a return
    edge, because the last one's element "already exists" in the merged data.
    """

    def exists(self, my_task: Any) -> bool:
        """Forget the last one and say no; the library asks before it starts the next."""
        my_task.data.pop(self.bpmn_id, None)
        return False


class ListUnclear(OfficeError):
    """A step for each of a list has no proper list (danh sách không hợp lệ)."""

    code = "list-unclear"
    vi = (
        "Bước chạy theo danh sách «{name}» nhưng dữ liệu này chưa có, không phải danh sách, có chỗ "
        "trống hoặc dài quá {limit}. Chọn lại danh sách rồi hoàn thành bước."
    )
    en = "The list “{name}” is missing, is no list, has empty places or more than {limit} entries."
